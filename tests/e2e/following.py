"""A subscriber that comes back after every drop and resumes by position."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import trio
from trio_websocket import ConnectionClosed, HandshakeError

from tests.e2e.peer import Message, Peer, connect

if TYPE_CHECKING:
    from tests.e2e.living import Live


class Arrival(msgspec.Struct, frozen=True):
    """One notification as it arrived."""

    id: str
    epoch: str
    offset: int
    data: Message
    priority: int
    #: Unix time of the subscribe that its connection sent, and of its arrival.
    asked_at: float
    arrived_at: float
    replayed: bool


class Follower:
    """Follows one channel and checks on the way that nothing is missing, repeated or out of order."""

    def __init__(self, live: Live, key: str, channel: str, position: Message, *, mortal: bool = False) -> None:
        """*mortal*: its notifications may expire between their stamp and their dispatch, which leaves gaps live too."""
        self._live = live
        self._key = key
        self._channel = channel
        self._mortal = mortal
        self.position = position
        self.arrivals: list[Arrival] = []
        self.ids: set[str] = set()
        self.connections = 0
        #: Offsets left out of replays, because they had expired.
        self.skipped = 0
        self._changed = trio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._live.up()
            try:
                async with connect(self._live.daemon.ws_url) as peer:
                    await self._follow(peer)
            except (ConnectionClosed, HandshakeError, OSError, trio.TooSlowError):
                await trio.sleep(0.01)  # dropped, while the daemon is being killed

    async def _follow(self, peer: Peer) -> None:
        await peer.authenticate(self._key)
        self.connections += 1
        asked_at = time.time()
        answer = await peer.subscribe(self._channel, self.position)
        assert answer["recovered"] is True, (self.position, answer)
        replayed, skipped = answer["replayed"], answer["skipped"]
        self.skipped += skipped
        while True:
            received = await peer.notification()
            gap = received["offset"] - self.position["offset"] - 1
            assert received["epoch"] == self.position["epoch"]
            live = replayed <= 0
            assert 0 <= gap <= skipped or (gap > 0 and live and self._mortal), (self.position, received, skipped)
            skipped = max(0, skipped - gap)
            self._take(received, asked_at, replayed=replayed > 0)
            replayed -= 1

    def _take(self, received: Message, asked_at: float, *, replayed: bool) -> None:
        place = {"epoch": received["epoch"], "offset": received["offset"]}
        self.position = place
        arrival = Arrival(
            received["id"], **place, data=received["data"], priority=received["priority"],
            asked_at=asked_at, arrived_at=time.time(), replayed=replayed,
        )  # fmt: skip
        assert arrival.id not in self.ids, f"{arrival} came under two offsets"
        self.arrivals.append(arrival)
        self.ids.add(arrival.id)
        self._changed.set()
        self._changed = trio.Event()

    async def changed(self) -> None:
        """Wait until something arrives."""
        await self._changed.wait()

    async def has(self, ids: set[str]) -> None:
        """Wait until all of *ids* have arrived."""
        while not ids <= self.ids:
            await self.changed()
