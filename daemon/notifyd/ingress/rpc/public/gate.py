"""Who may make which call: the admin token, an API key, a user's token, the client's secret, or nobody asked."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.errors import Denied, NotAuthenticated
from notifyd.model.ids import ClientId
from notifyd.model.principal import Principal, operator
from notifyd.policy.access.tokens import looks_like_a_token
from notifyd.service.access.limits import secret_tries
from notifyd.wire.rpc.messages import client_of

if TYPE_CHECKING:
    from notifyd.ingress.rpc.public.credentials import Caller
    from notifyd.ingress.rpc.public.services import PublicServices

#: What refused credentials are noted to have come by.
_TRANSPORT: Final = "rpc"
_HOW: Final = "send an API key as x-api-key, or a user's token or the admin token as authorization: Bearer TOKEN"
_ADMIN: Final = "send the admin token as authorization: Bearer TOKEN (`notifyctl tokens admin` shows it)"


class Asker(msgspec.Struct, frozen=True):
    """Who was let in."""

    #: None for an operator, who may act for any client.
    principal: Principal | None


_OPERATOR: Final = Asker(None)


class Gate:
    """Lets calls in, or says why not."""

    def __init__(self, services: PublicServices, *, admin_token: str, dev: bool) -> None:
        self._services = services
        self._token = admin_token.encode()
        self._dev = dev

    def admit(self, caller: Caller) -> Asker:
        """Who calls; not counted yet.

        Raises:
            NotAuthenticated, Denied: the credential is missing or not good, here and now.
            RateLimited: too many wrong ones came from that address.
        """
        if caller.bare and self._dev:
            self._check_local(caller)
            return _OPERATOR
        if self._is_operator(caller):
            return _OPERATOR
        if looks_like_a_token(caller.bearer):
            return Asker(self._user(caller))
        key = caller.api_key or caller.bearer
        if not key:
            raise NotAuthenticated(_HOW)
        return Asker(self._services.connector.principal(key, caller.address, _TRANSPORT))

    def admit_operator(self, caller: Caller) -> None:
        """Pass when an operator calls.

        Raises:
            NotAuthenticated: it is none.
            Denied: in development mode, the call is not from this machine.
            RateLimited: too many wrong ones came from that address.
        """
        if self._dev:
            self._check_local(caller)
        elif not self._is_operator(caller):
            # The right token is let in however often others were wrong: see the gate of REST.
            wrong = "" if caller.bare else "this is not the admin token: "
            problem = NotAuthenticated(wrong + _ADMIN, code="admin_token_required")
            self._note(caller, problem)
            self._services.limiter.check(f"admin/{caller.address}")
            raise problem

    def admit_registrar(self, caller: Caller, client_id: str, user_id: str) -> tuple[ClientId, str]:
        """Pass when *caller* may say where *user_id* is reached: an operator, that user, or the client itself.

        Answers both; a user need not name itself.

        Raises:
            NotAuthenticated, Denied: it may not.
            RateLimited: it made too many calls.
        """
        if caller.client_secret:
            self._check_secret(caller, ClientId(client_id))
        elif looks_like_a_token(caller.bearer) and not self._is_operator(caller):
            principal = self._user(caller)
            self.count(Asker(principal))
            if client_id not in ("", principal.client_id) or user_id not in ("", principal.user_id):
                raise Denied("the token is of another user", code="wrong_user")
            return principal.client_id, principal.user_id
        else:
            self.admit_operator(caller)
        return ClientId(client_id), user_id

    def count(self, asker: Asker) -> None:
        """Count one request; an operator's are not.

        Raises:
            RateLimited: there were too many.
        """
        if asker.principal is not None:
            self._services.limiter.check(asker.principal.subject)

    def acting(self, asker: Asker, client_id: str) -> Principal:
        """Who *asker* is in the client that a request names; empty means its own, and for an operator `default`.

        Raises:
            Denied: its credential is of another client.
            NotFound: there is no such client.
        """
        principal = asker.principal
        if principal is None:
            return operator(self._services.clients.known(client_of(client_id)))
        if client_id and client_id != principal.client_id:
            raise Denied("the credential is of another client: leave client_id empty", code="wrong_client")
        return principal

    def _user(self, caller: Caller) -> Principal:
        try:
            return self._services.connector.token_principal(caller.bearer, address=caller.address, transport=_TRANSPORT)
        except NotAuthenticated:
            self._services.limiter.check(f"token/{caller.address}")
            raise

    def _check_secret(self, caller: Caller, client_id: ClientId) -> None:
        # counted before it is looked at: a person may have chosen the secret, and it must not be guessed
        self._services.limiter.check(secret_tries(client_id, caller.address))
        if not self._services.clients.is_secret(client_id, caller.client_secret):
            problem = NotAuthenticated("this is not the secret of that client", code="invalid_client_secret")
            self._note(caller, problem, client_id)
            raise problem

    def _is_operator(self, caller: Caller) -> bool:
        if not self._token or self._dev:
            return False
        return hmac.compare_digest(caller.bearer.encode("utf-8", "surrogatepass"), self._token)

    def _check_local(self, caller: Caller) -> None:
        if not caller.local:
            raise Denied(
                "calls without a credential must come straight from this machine in development mode; "
                "start the daemon without --dev to use the admin token instead",
                code="local_only",
            )

    def _note(self, caller: Caller, problem: NotAuthenticated, client_id: str = "") -> None:
        refusals = self._services.connector.refusals
        refusals.note(problem, address=caller.address, transport=_TRANSPORT, client_id=client_id)
