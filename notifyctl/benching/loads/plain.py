"""The plain loads: connecting, publishing, and publishing to subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyctl.benching.connections.crowd import crowd
from notifyctl.benching.connections.marks import Notification, begun_at
from notifyctl.benching.connections.place import clock
from notifyctl.benching.loads.driving import Driver, Worker
from notifyctl.benching.loads.pacing import Schedule
from notifyctl.benching.measuring.tally import Arrivals

if TYPE_CHECKING:
    from notifyctl.benching.connections.link import Link
    from notifyctl.benching.loads.course import Course
    from notifyctl.benching.planning.plan import Volume

#: How long deliveries may stay away, with none coming, until they are missing.
_SILENCE_SECONDS: Final = 5.0
_GLANCE_SECONDS: Final = 0.02


async def connect(course: Course, volume: Volume, *, connections: int, hold_seconds: float, subscribe: bool) -> None:
    """Open *connections*, each authenticated and (*subscribe*) subscribed, and hold them for a while."""
    await course.meter.at_rest()
    async with crowd(lambda link: course.operations.broke(link.ended)) as held:
        numbers = iter(range(connections))

        async def open_one(at: float) -> None:
            link = await course.link(next(numbers))
            if subscribe:
                await _subscribed(course, link)
            held.add(link)

        await course.meter.begins()
        schedule = Schedule(begins_at=clock(), rate=volume.rate, count=connections)
        driver = Driver(schedule, course.operations)
        course.late = driver.late
        course.enter("connecting", connections, lambda: course.operations.attempted)
        await driver.run([open_one] * min(volume.concurrency, connections))
        await course.meter.ends()
        if hold_seconds:
            began = clock()
            course.enter("holding", hold_seconds, lambda: clock() - began)
            await trio.sleep(hold_seconds)
        for link in held.links:
            course.received_bytes += link.received_bytes


async def _subscribed(course: Course, link: Link) -> None:
    try:
        await link.subscribe(course.target.channel)
    except BaseException:
        course.forget(link)
        raise


async def publish(course: Course, volume: Volume) -> None:
    """Publish to a channel that nobody subscribes to."""
    await course.meter.at_rest()
    with course.lanes(volume.concurrency) as lanes:
        await course.publish(volume, [course.publisher(lane, volume) for lane in lanes])
    await course.meter.ends()


async def fan_out(course: Course, volume: Volume, *, subscribers: int) -> None:
    """Publish to a channel that *subscribers* connections have subscribed to, and count what reaches them."""
    await course.meter.at_rest()
    arrivals = course.arrivals = Arrivals()
    came: dict[Link, int] = {}

    def receive(link: Link, notification: Notification) -> None:
        begun = course.meter.begin
        at = begun_at(notification)
        if begun is not None and at >= begun.at:
            came[link] += 1
            arrivals.received += 1
            arrivals.latency.record(clock() - at)

    async with crowd(lambda link: course.operations.broke(link.ended)) as listening:

        def joining(number: int) -> Worker:
            async def join(at: float) -> None:
                link = await course.link(number, receive)
                await _subscribed(course, link)
                came[link] = 0
                listening.add(link)

            return join

        await course.gather(subscribers, joining)
        if not came:
            return
        with course.lanes(volume.concurrency) as lanes:
            await course.publish(volume, [course.publisher(lane, volume) for lane in lanes])
            await _all_there(course, arrivals, came)
        await course.meter.ends()
        for link in came:
            course.received_bytes += link.received_bytes
    arrivals.settle(course.operations.succeeded, list(came.values()))


async def _all_there(course: Course, arrivals: Arrivals, came: dict[Link, int]) -> None:
    """Wait until what was accepted has arrived, as long as anything still comes."""
    expected = course.operations.succeeded * len(came)
    course.enter("waiting for the last deliveries", expected, lambda: arrivals.received)
    before, heard_at = arrivals.received, clock()
    while arrivals.received < expected and clock() - heard_at < _SILENCE_SECONDS:
        await trio.sleep(_GLANCE_SECONDS)
        if arrivals.received != before:
            before, heard_at = arrivals.received, clock()
