"""The connections of one Engine.IO server, and the bounds on those that nothing but a secret ties to a peer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from notifyd.ingress.edge.listener import is_loopback

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadlines
    from notifyd.ingress.edge.socketio.connection import EngineConnection
    from notifyd.ingress.edge.socketio.settings import EngineSettings


def new_sid() -> str:
    """An id that cannot be guessed."""
    return secrets.token_urlsafe(16)


class Sessions:
    """What the connections of a server share, and where those with a sid are found."""

    def __init__(self, settings: EngineSettings, deadlines: Deadlines) -> None:
        #: Those in force for connections to come.
        self.settings = settings
        self.deadlines = deadlines
        #: Every connection that is not over.
        self.connections: set[EngineConnection] = set()
        self._by_sid: dict[str, EngineConnection] = {}
        self._addresses: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    def may_add(self, address: str) -> bool:
        """Whether there is room for another session of *address*."""
        settings = self.settings
        if len(self._by_sid) >= settings.max_sessions:
            return False
        return is_loopback(address) or self._addresses.get(address, 0) < settings.max_sessions_per_address

    def add(self, sid: str, address: str, connection: EngineConnection) -> None:
        """Let *connection* be found by its sid."""
        self._by_sid[sid] = connection
        self._addresses[address] = self._addresses.get(address, 0) + 1

    def find(self, sid: str) -> EngineConnection | None:
        """The connection with this sid."""
        return self._by_sid.get(sid)

    def remove(self, sid: str, address: str) -> None:
        """Forget a sid that was added."""
        if self._by_sid.pop(sid, None) is None:
            return
        left = self._addresses[address] - 1
        if left:
            self._addresses[address] = left
        else:
            del self._addresses[address]
