"""Who may make admin calls over TCP: who shows the admin token, and nobody else."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from notifyd.errors import NotAuthenticated, NotifydError
from notifyd.ingress.rpc.public.credentials import Caller, read_caller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.service.access.limits import RateLimiter
    from notifyd.service.access.refusals import Refusals

#: What refused credentials are noted to have come by.
_TRANSPORT: Final = "admin"
_HOW: Final = "send the admin token as authorization: Bearer TOKEN (`notifyctl tokens admin` shows it on its machine)"


class TokenGate:
    """Lets calls in by the token that they bring."""

    def __init__(self, token: str, refusals: Refusals, limiter: RateLimiter) -> None:
        """An empty *token* is nobody's."""
        self._token = token.encode()
        self._refusals = refusals
        self._limiter = limiter

    def admits(self, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
        """Whether a call with this *metadata* is an operator's; safe in any thread, and takes the same time always."""
        try:
            caller = read_caller(metadata, "")
        except NotifydError:
            return False
        shown = caller.bearer.encode("utf-8", "surrogatepass")
        return bool(self._token) and hmac.compare_digest(shown, self._token)

    async def refuse(self, metadata: Iterable[tuple[str, Any]], peer: str) -> None:
        """Count and tell a call that was not let in. For the daemon's own thread.

        Raises:
            NotAuthenticated: always, unless it is RateLimited: too many came from that address.
        """
        caller = _caller(metadata, peer)
        wrong = "" if caller.bare else "this is not the admin token: "
        problem = NotAuthenticated(wrong + _HOW, code="admin_token_required")
        self._refusals.note(problem, address=caller.address, transport=_TRANSPORT)
        # The right token is let in however often others were wrong: see the gate of REST.
        self._limiter.check(f"admin/{caller.address}")
        raise problem


def _caller(metadata: Iterable[tuple[str, Any]], peer: str) -> Caller:
    try:
        return read_caller(metadata, peer)
    except NotifydError:
        # several credentials, or one of a form that nobody knows: wrong all the same
        return Caller(address=read_caller((), peer).address, bearer="?")
