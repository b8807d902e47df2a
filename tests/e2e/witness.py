"""A subscriber that must not notice what others do to the daemon."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from tests.e2e.patience import PATIENCE
from tests.e2e.peer import Peer, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.daemon import Daemon
    from tests.e2e.rest import Rest

#: From the publish to the arrival, however busy others keep the daemon. A held-up event loop takes far longer.
LATEST_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.02
#: What an attack may leave behind in the daemon, its few copies of the largest body included.
MOST_BYTES: Final = 64 << 20


@asynccontextmanager
async def undisturbed(daemon: Daemon) -> AsyncIterator[None]:
    """While the body runs a subscriber gets one notification after the other, each in time, in order, without a drop.

    Afterwards the daemon still answers that it is well, and has not grown much.
    """
    key = await daemon.key()
    async with join(daemon.ws_url, key, "witness") as peer, daemon.rest(key) as client:
        stop = trio.Event()
        before = await _resident_bytes(daemon)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_witness, peer, client, stop)
            yield
            stop.set()
        await _one(peer, client, -1)
        assert (await client.call("GET", "/api/health/ready")).status == 200
        assert await _resident_bytes(daemon) - before < MOST_BYTES


async def _resident_bytes(daemon: Daemon) -> int:
    async with daemon.rest() as client:
        return int((await client.call("GET", "/api/stats")).json["stats"]["residentBytes"])


async def _witness(peer: Peer, client: Rest, stop: trio.Event) -> None:
    number = 0
    while not stop.is_set():
        await _one(peer, client, number)
        number += 1
        with trio.move_on_after(_PAUSE_SECONDS):
            await stop.wait()


async def _one(peer: Peer, client: Rest, number: int) -> None:
    with trio.fail_after(LATEST_SECONDS * PATIENCE):
        await client.accept("witness", number)
        assert (await peer.notification())["data"] == number
