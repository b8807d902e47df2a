"""A subscriber that stops reading is let go alone."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.raw import raw

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.raw import Raw
    from tests.e2e.rest import Rest

SUBSCRIBERS = 500
SETTINGS = ("broker.durability=memory", "delivery.max_data_bytes=32768", "websocket.outbox_bytes=65536")
FILLING = "x" * 2_000
FLOOD = "x" * 15_000


class Crowd:
    """Subscribers that get the same bytes and read them all."""

    def __init__(self, reference: Raw, others: list[Raw]) -> None:
        self.reference = reference
        self.others = others
        self.received = 0

    async def take(self, number: int) -> None:
        """Everybody reads the notification of that number, byte for byte the same."""
        head = await self.reference.bytes(4)
        assert head[1] == 126, "a frame of this size has its length in two bytes"
        frame = head + await self.reference.bytes(int.from_bytes(head[2:]))
        assert msgspec.json.decode(frame[4:])["notification"]["data"]["n"] == number
        async with trio.open_nursery() as nursery:
            for other in self.others:
                nursery.start_soon(self._take, other, frame)
        self.received += 1

    async def _take(self, other: Raw, frame: bytes) -> None:
        assert await other.bytes(len(frame)) == frame


async def gather(daemon: Daemon, key: str, count: int, stack: AsyncExitStack) -> Crowd:
    """Connect so many subscribers of the channel `c`."""
    members = []
    for _ in range(count):
        member = await stack.enter_async_context(raw(daemon.ws))
        await member.subscribe(key, "c")
        members.append(member)
    return Crowd(members[0], members[1:])


async def figures(client: Rest) -> dict[str, Any]:
    """What the daemon counts."""
    return dict((await client.call("GET", "/api/stats")).json["stats"])


async def connections_fall_to(count: int, client: Rest) -> dict[str, Any]:
    """Ask until there are only so many connections; the figures of that moment."""
    while (now := await figures(client))["connections"] > count:
        pass
    assert now["connections"] == count
    return now


async def fill(client: Rest, crowd: Crowd) -> None:
    """Fill what the kernel takes for the slow one, then publish in step with the crowd until somebody is let go.

    The first goes over a channel that the slow one has for itself: megabytes that 500 others need not read.
    """
    while not (await figures(client))["outboxBytes"]:
        await client.accept("flood", FLOOD)
    for number in range(100):
        await client.accept("c", {"n": number, "filling": FILLING})
        await crowd.take(number)
        if (await figures(client))["counters"]["slowConsumers"]:
            return
    raise AssertionError("nobody was let go")


@pytest.mark.slow  # the one that never reads again is the quick round
@within(60)
async def test_one_that_stops_reading_is_closed_and_500_others_lose_nothing(start: Starter) -> None:
    daemon = await start(*SETTINGS)
    key = await daemon.key()
    async with AsyncExitStack() as stack, daemon.rest(key) as client, raw(daemon.ws, receive_buffer=4096) as slow:
        crowd = await gather(daemon, key, SUBSCRIBERS, stack)
        await slow.subscribe(key, "c", "flood")
        await fill(client, crowd)
        assert (await slow.ended()).code == 4008
        await slow.stream.aclose()
        await client.accept("c", {"n": crowd.received, "filling": FILLING})
        await crowd.take(crowd.received)
        now = await connections_fall_to(SUBSCRIBERS, client)
        assert now["counters"]["slowConsumers"] == 1


@within(30)
async def test_one_that_never_reads_again_is_reset(start: Starter) -> None:
    daemon = await start(*SETTINGS, "websocket.close_seconds=0.2")
    key = await daemon.key()
    async with AsyncExitStack() as stack, daemon.rest(key) as client, raw(daemon.ws, receive_buffer=4096) as slow:
        crowd = await gather(daemon, key, 2, stack)
        await slow.subscribe(key, "c", "flood")
        await fill(client, crowd)
        assert (await connections_fall_to(2, client))["counters"]["slowConsumers"] == 1


@pytest.mark.slow
@within(30)
async def test_what_a_slow_one_missed_it_gets_when_it_resumes(start: Starter) -> None:
    daemon = await start(*SETTINGS)
    key = await daemon.key()
    async with AsyncExitStack() as stack, daemon.rest(key) as client, raw(daemon.ws, receive_buffer=4096) as slow:
        crowd = await gather(daemon, key, 1, stack)
        await slow.subscribe(key, "c", "flood")
        await fill(client, crowd)
        taken = []
        while isinstance(message := await slow.hear(), dict):
            if message["notification"]["channel"] == "c":
                taken.append(message["notification"])
        since = {name: taken[-1][name] for name in ("epoch", "offset")}
        again = await stack.enter_async_context(raw(daemon.ws))
        await again.say({"type": "authenticate", "apiKey": key}, {"type": "subscribe", "channel": "c", "since": since})
        assert (await again.until("subscribed"))["recovered"] is True
        while len(taken) < crowd.received:
            taken.append((await again.until("notification"))["notification"])
    assert [entry["data"]["n"] for entry in taken] == list(range(crowd.received))
