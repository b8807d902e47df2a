"""The link of one operator who listens, as the hub sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.wire.rpc import LISTEN_FORMAT, split_frames

if TYPE_CHECKING:
    from notifyd.model.disconnect import Disconnect


class ListenerLink:
    """Keeps serialized events until the stream takes them, bounded in bytes."""

    transport: str = "admin"
    format: str = LISTEN_FORMAT
    address: str = ""
    #: gRPC's own keepalive looks after the peer.
    answers: bool = False

    def __init__(self, *, limit_bytes: int, broadcasts: bool) -> None:
        self._limit = limit_bytes
        self.broadcasts = broadcasts
        self._events: list[bytes] = []
        self._pending = 0
        self._sent = 0
        self._doorbell = trio.Event()
        #: Cancelled when the link is ended.
        self.scope = trio.CancelScope()
        #: Why it was ended.
        self.disconnect: Disconnect | None = None

    def put(self, frames: bytes) -> bool:
        """Keep the events of joined listen frames; False when the reader is too far behind."""
        for event in split_frames(frames):
            self.keep(event)
        return self._pending <= self._limit

    def keep(self, event: bytes) -> None:
        """Keep one serialized event, whatever the bound."""
        self._events.append(event)
        self._pending += len(event)
        self._doorbell.set()

    def take_nowait(self) -> list[bytes]:
        """All that is kept, which may be nothing."""
        events, self._events = self._events, []
        self._sent += self._pending
        self._pending = 0
        return events

    async def take(self) -> list[bytes]:
        """Wait for something, then take all there is."""
        while not self._events:
            self._doorbell = trio.Event()
            await self._doorbell.wait()
        return self.take_nowait()

    def ping(self) -> None:
        """Nothing to do: gRPC's own keepalive looks after the peer."""

    def end(self, disconnect: Disconnect) -> None:
        """End the stream, saying why."""
        if self.disconnect is None:
            self.disconnect = disconnect
            self.scope.cancel()

    def pending_bytes(self) -> int:
        """What the stream has not taken yet."""
        return self._pending

    def sent_bytes(self) -> int:
        """What the stream has taken."""
        return self._sent
