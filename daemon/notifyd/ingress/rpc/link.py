"""The link of one gRPC stream, as the hub sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.wire.rpc.messages import LISTEN_FORMAT, split_frames

if TYPE_CHECKING:
    from notifyd.model.disconnect import Disconnect


class StreamLink:
    """Keeps serialized events until the stream takes them, bounded in bytes."""

    format: str = LISTEN_FORMAT
    #: gRPC's own keepalive looks after the peer, and tells nothing of what has arrived.
    answers: bool = False

    def __init__(self, transport: str, *, address: str = "", limit_bytes: int, broadcasts: bool = False) -> None:
        self.transport = transport
        self.address = address
        self.broadcasts = broadcasts
        self._limit = limit_bytes
        self._events: list[bytes] = []
        self._pending = 0
        self._sent = 0
        self._behind_since = 0.0
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
        if not self._events:
            self._behind_since = trio.current_time()
        self._events.append(event)
        self._pending += len(event)
        self._doorbell.set()

    def take_nowait(self) -> list[bytes]:
        """All that is kept, which may be nothing."""
        events, self._events = self._events, []
        self._sent += self._pending
        self._pending = 0
        return events

    async def wait(self) -> None:
        """Wait for something to take."""
        while not self._events:
            self._doorbell = trio.Event()
            await self._doorbell.wait()

    def ping(self, mark: int = 0) -> None:
        """Nothing to do: see `answers`."""

    def end(self, disconnect: Disconnect) -> None:
        """End the stream, saying why."""
        if self.disconnect is None:
            self.disconnect = disconnect
            self.scope.cancel()

    def pending_bytes(self) -> int:
        """What the stream has not taken yet."""
        return self._pending

    def behind_since(self) -> float | None:
        """Since when there is something to take."""
        return self._behind_since if self._events else None

    def sent_bytes(self) -> int:
        """What the stream has taken."""
        return self._sent
