"""Sessions of the web console that were signed out before they ended by themselves."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from notifyd.bus.ports import Peers

#: Each was signed in with the admin token, so that nobody else can fill this.
MOST_REMEMBERED: Final = 10_000
_SUBJECT: Final = "console.signed_out"
_told: Final = msgspec.json.Decoder(tuple[str, int]).decode


class SignedOut:
    """Remembers them, on every node, until they would have ended anyway. A restart forgets them."""

    def __init__(self, peers: Peers | None = None) -> None:
        self._ids: OrderedDict[str, int] = OrderedDict()
        self._peers = peers
        if peers is not None:
            peers.hear(_SUBJECT, self._hear)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._ids

    def add(self, session_id: str, ends_at: int, *, now: int) -> None:
        """Session *session_id* is not good any more; it would have been until *ends_at* (milliseconds)."""
        self._remember(session_id, ends_at, now)
        if self._peers is not None:
            self._peers.tell(_SUBJECT, msgspec.json.encode((session_id, ends_at)))

    def _remember(self, session_id: str, ends_at: int, now: int) -> None:
        self._ids[session_id] = ends_at
        for old in [old for old, ended_at in self._ids.items() if ended_at < now]:
            del self._ids[old]
        while len(self._ids) > MOST_REMEMBERED:
            self._ids.popitem(last=False)

    def _hear(self, _node: str, body: msgspec.Raw) -> None:
        try:
            session_id, ends_at = _told(body)
        except (msgspec.DecodeError, ValueError):
            return  # of another version
        self._remember(session_id, ends_at, 0)
