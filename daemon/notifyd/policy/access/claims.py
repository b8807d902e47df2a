"""What a verified token says: whose it is, until when it is good, and which channels it opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.errors import Invalid, NotAuthenticated
from notifyd.model.ids import ClientId, UserId
from notifyd.policy.naming.targets import MAX_USER_LENGTH, check_user

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.policy.access.tokens import RawClaims

#: The end of the year 9999: what comes later cannot be shown as a date, and is as good as never.
_LATEST_SECONDS: Final = 253_402_300_799
#: A whole number as far as every JSON library keeps it whole.
_LARGEST_USER_NUMBER: Final = 2**63

_PUBLISH: Final = "publish:"
_SUBSCRIBE: Final = "subscribe:"


class Claims(msgspec.Struct, frozen=True):
    """The claims of one token, checked."""

    client_id: ClientId
    user_id: UserId
    #: Milliseconds since the Unix epoch.
    expires_at: int
    #: As they came: `subscribe:PATTERN`, `publish:PATTERN` or `PATTERN`.
    channels: tuple[str, ...]


def check_claims(raw: RawClaims, client_id: ClientId, *, now: int, leeway_ms: int) -> Claims:
    """The claims of a token whose signature was verified with a secret of *client_id*.

    Raises:
        NotAuthenticated: `token_no_client`, `token_wrong_client`, `token_no_expiry`, `token_expired`,
            `token_not_yet_valid`, `token_no_user`, `token_bad_channels` or `invalid_token`.
    """
    _check_client(raw.client_id, client_id)
    expires_at = _expiry(raw.exp)
    if now >= expires_at + leeway_ms:
        raise NotAuthenticated("the token has expired: get a new one", code="token_expired")
    for instant in (raw.nbf, raw.iat):
        if instant is not None and _milliseconds(instant) > now + leeway_ms:
            raise NotAuthenticated(
                "the token is not good yet: look at nbf, iat and the clocks", code="token_not_yet_valid"
            )
    return Claims(client_id, _user(raw), expires_at, _channels(raw.channels))


def patterns_of(channels: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The patterns that may be subscribed to, and those that may be published to.

    Raises:
        Invalid: an entry has no pattern (`invalid_channel`).
    """
    subscribe: list[str] = []
    publish: list[str] = []
    for entry in channels:
        patterns = publish if entry.startswith(_PUBLISH) else subscribe
        pattern = entry.removeprefix(_PUBLISH) if patterns is publish else entry.removeprefix(_SUBSCRIBE)
        if not pattern:
            raise Invalid(
                "channels holds subscribe:PATTERN, publish:PATTERN or PATTERN, and no PATTERN is empty",
                code="invalid_channel",
            )
        patterns.append(pattern)
    return tuple(subscribe), tuple(publish)


def _check_client(claimed: object, client_id: ClientId) -> None:
    if not isinstance(claimed, str):
        raise NotAuthenticated("the token has no clientId", code="token_no_client")
    if claimed != client_id:
        raise wrong_client()


def wrong_client() -> NotAuthenticated:
    """The token is a good one, elsewhere."""
    return NotAuthenticated("the token is for another client", code="token_wrong_client")


def _expiry(exp: object) -> int:
    if exp is None or isinstance(exp, bool) or not isinstance(exp, (int, float)):
        raise NotAuthenticated("the token has no exp, a number of seconds since 1970", code="token_no_expiry")
    return _milliseconds(exp)


def _milliseconds(seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise NotAuthenticated("nbf and iat are numbers of seconds since 1970", code="invalid_token")
    return int(max(0, min(seconds, _LATEST_SECONDS)) * 1000)


def _user(raw: RawClaims) -> UserId:
    named = raw.sub if raw.user_id is None or raw.user_id == "" else raw.user_id
    if isinstance(named, int) and not isinstance(named, bool) and abs(named) < _LARGEST_USER_NUMBER:
        named = str(named)
    if isinstance(named, str):
        try:
            return check_user(named)
        except Invalid:
            pass
    raise NotAuthenticated(
        f"the token names no user: userId or sub is an integer, or 1 to {MAX_USER_LENGTH} printable characters",
        code="token_no_user",
    )


def _channels(channels: object) -> tuple[str, ...]:
    if channels is None:
        return ()
    if isinstance(channels, list) and all(isinstance(entry, str) for entry in channels):
        try:
            patterns_of(channels)
        except Invalid:
            pass
        else:
            return tuple(channels)
    raise NotAuthenticated(
        "the token's channels must be a list of subscribe:PATTERN, publish:PATTERN or PATTERN",
        code="token_bad_channels",
    )
