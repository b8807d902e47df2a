"""Who is behind a user's token, and tokens for trying things out."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import now_ms
from notifyd.errors import Invalid, NotAuthenticated
from notifyd.model.ids import ClientId, KeyId, UserId
from notifyd.model.principal import Grants, Principal
from notifyd.policy.access.claims import Claims, check_claims, patterns_of, wrong_client
from notifyd.policy.access.tokens import RawClaims, SignatureWrong, check_form, claimed_client, sign, verified
from notifyd.policy.naming.targets import check_user
from notifyd.service.clients.registry import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.service.clients.clients import Clients

MAX_TTL_MS: Final = 10 * 365 * 86_400_000

#: Stands in for the secret of a client that is not known, so that its tokens are refused in the same way.
_NOBODYS_SECRET: Final = Secret(secrets.token_hex(32))


class TokenRules(msgspec.Struct, frozen=True):
    """The settings of tokens."""

    #: How far the clocks may differ.
    leeway_seconds: float
    max_bytes: int
    #: Patterns of the channels that every user may subscribe and publish to, whatever the token says.
    users_subscribe: tuple[str, ...]
    users_publish: tuple[str, ...]
    #: To users, to single connections and to the whole client.
    users_may_publish: bool


class VerifiedClaims(msgspec.Struct, frozen=True):
    """What a good token says."""

    client_id: ClientId
    user_id: UserId
    #: Milliseconds since the Unix epoch.
    expires_at: int
    #: The `channels` claim: `subscribe:PATTERN`, `publish:PATTERN` or `PATTERN`.
    channels: tuple[str, ...]
    #: It was signed with the secret before the last rotation.
    previous_secret: bool


class MintedToken(msgspec.Struct, frozen=True):
    """A token that was made here."""

    token: str
    #: Milliseconds since the Unix epoch.
    expires_at: int


class Tokens:
    """Verifies tokens with the secrets that are good at that moment; nothing is remembered of a token."""

    def __init__(self, clients: Clients, rules: TokenRules) -> None:
        self._clients = clients
        self.rules = rules

    def verify(self, token: str, client_id: ClientId | None = None) -> Principal:
        """Who *token* stands for, in *client_id* or in the client that it names itself.

        The principal ends with the token, and with the secret when that was rotated.

        Raises:
            NotAuthenticated: see `verify_claims`.
        """
        now = now_ms()
        claims, secret = self._verified(token, client_id, now)
        ends_at = claims.expires_at
        if ends_at <= now:
            # let in by the leeway: what is left of that is what it gets
            ends_at += self._leeway_ms
        if secret.until is not None:
            ends_at = min(ends_at, secret.until)
        return Principal(
            client_id=claims.client_id,
            key_id=KeyId(""),
            grants=self._grants(claims.channels),
            expires_at=ends_at,
            user_id=claims.user_id,
            secret_digest=secret.digest,
        )

    def ends_at(self, principal: Principal) -> int | None:
        """From which instant on what a user came by is not good any more: 0 where its secret or its client is gone."""
        until = self._clients.ends_at(principal.client_id, principal.secret_digest)
        return principal.expires_at if until is None else min(until, principal.expires_at or until)

    def verify_claims(self, token: str, client_id: ClientId | None = None) -> VerifiedClaims:
        """What a good token says.

        Raises:
            NotAuthenticated: `token_too_large`, `invalid_token` (malformed), `token_algorithm`, `token_bad_signature`,
                `token_no_client`, `token_wrong_client`, `token_no_expiry`, `token_expired`, `token_not_yet_valid`,
                `token_no_user` or `token_bad_channels`. Whoever does not have a secret gets to know none but the
                first four, and whether the token names a client.
        """
        claims, secret = self._verified(token, client_id, now_ms())
        return VerifiedClaims(
            claims.client_id, claims.user_id, claims.expires_at, claims.channels, secret.until is not None
        )

    def mint(
        self, client_id: ClientId, user_id: str, *, ttl_ms: int = 3_600_000, channels: Sequence[str] = ()
    ) -> MintedToken:
        """A token for a user, as the client's own back end would make it.

        Raises:
            NotFound: there is no such client.
            Invalid: the user, the time to live or a channel is not valid.
        """
        secret = self._clients.secrets_of(self._clients.known(client_id))[0]
        check_user(user_id)
        patterns_of(channels)
        if not 0 < ttl_ms <= MAX_TTL_MS:
            raise Invalid(f"the time to live must be more than 0 and at most {MAX_TTL_MS // 86_400_000} days")
        now = now_ms()
        seconds = -(-(now + ttl_ms) // 1000)
        claims: dict[str, object] = {"clientId": client_id, "userId": user_id, "sub": user_id}
        claims |= {"iat": now // 1000, "exp": seconds}
        if channels:
            claims["channels"] = list(channels)
        token = sign(msgspec.json.encode(claims), secret.key)
        if len(token) > self.rules.max_bytes:
            raise Invalid(f"the token would have more than {self.rules.max_bytes} bytes: name fewer channels")
        return MintedToken(token, seconds * 1000)

    @property
    def _leeway_ms(self) -> int:
        return round(self.rules.leeway_seconds * 1000)

    def _verified(self, token: str, client_id: ClientId | None, now: int) -> tuple[Claims, Secret]:
        check_form(token, max_bytes=self.rules.max_bytes)
        expected = client_id or _named(token)
        try:
            raw, secret = self._signed_by(token, expected)
        except SignatureWrong:
            self._check_elsewhere(token, expected)
            raise
        return check_claims(raw, expected, now=now, leeway_ms=self._leeway_ms), secret

    def _signed_by(self, token: str, client_id: ClientId) -> tuple[RawClaims, Secret]:
        """The claims, and the secret of the client that signed them."""
        *others, last = self._clients.secrets_of(client_id) or (_NOBODYS_SECRET,)
        for secret in others:
            with suppress(SignatureWrong):
                return verified(token, secret.key), secret
        return verified(token, last.key), last

    def _check_elsewhere(self, token: str, expected: ClientId) -> None:
        """That a token is good for another client is told to those alone who have one that really is."""
        named = claimed_client(token)
        if named is not None and named != expected:
            with suppress(SignatureWrong):
                self._signed_by(token, ClientId(named))
                raise wrong_client()

    def _grants(self, channels: tuple[str, ...]) -> Grants:
        rules = self.rules
        subscribe, publish = patterns_of(channels)
        return Grants(
            publish=rules.users_publish + publish,
            subscribe=rules.users_subscribe + subscribe,
            broadcast=rules.users_may_publish,
            users=rules.users_may_publish,
        )


def _named(token: str) -> ClientId:
    named = claimed_client(token)
    if not named:
        raise NotAuthenticated("the token has no clientId", code="token_no_client")
    return ClientId(named)
