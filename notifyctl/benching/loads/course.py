"""A run under way: what all benchmarks have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

from notifyctl.benching.connections.link import Link, nothing, open_link
from notifyctl.benching.connections.marks import Mark
from notifyctl.benching.connections.place import Door, Failed, clock
from notifyctl.benching.loads.driving import Driver, Worker
from notifyctl.benching.loads.pacing import Schedule
from notifyctl.benching.measuring.histogram import Histogram
from notifyctl.benching.measuring.tally import Arrivals, Tally
from notifyctl.benching.publishing.posting import Poster
from notifyctl.benching.publishing.saying import Sayer
from notifyctl.benching.publishing.streaming import Streamer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notifyctl.benching.connections.link import Receive
    from notifyctl.benching.measuring.meter import Meter
    from notifyctl.benching.planning.plan import Target, Volume
    from notifyctl.daemons.calling import Daemon

    Lane = Poster | Sayer | Streamer

#: Handshakes under way at once while subscribers are brought together for a load that is not about connecting.
_GATHERING = 64


class Course:
    """One run: its target, what it has counted, and how far it is."""

    def __init__(self, target: Target, meter: Meter, daemon: Daemon) -> None:
        """*daemon* is asked where the target is published to over the admin socket."""
        self.target = target
        self.meter = meter
        self.mark = Mark(target.run_id)
        self.door = Door(target.ws)
        self.operations = Tally()
        #: None where nothing is delivered.
        self.arrivals: Arrivals | None = None
        self.late = Histogram()
        self.sent_bytes = 0
        self.received_bytes = 0
        #: What is being done, and how much of it is done.
        self.phase = "connecting"
        self.total = 0.0
        self.done: Callable[[], float] = lambda: 0.0
        self._daemon = daemon

    def enter(self, phase: str, total: float, done: Callable[[], float]) -> None:
        """What follows is *phase*; it is over when *done* says *total*."""
        self.phase, self.total, self.done = phase, total, done

    async def link(self, number: int, receive: Receive = nothing) -> Link:
        """Connection *number*: open and authenticated.

        Raises:
            Failed: it is not.
        """
        made = await open_link(self.door, self.mark, receive)
        try:
            await made.authenticate(self.target.key(number))
        except BaseException:
            self.forget(made)
            raise
        return made

    def forget(self, link: Link) -> None:
        """Break *link* off, and keep what it has counted."""
        self.received_bytes += link.received_bytes
        link.received_bytes = 0
        link.pipe.abort()

    async def gather(self, count: int, take: Callable[[int], Worker]) -> None:
        """Do the *count* operations that *take* makes, some at once; failures are counted among the errors."""
        numbers = iter(range(count))
        done = 0
        self.enter("connecting", count, lambda: done)

        async def work() -> None:
            nonlocal done
            for number in numbers:
                try:
                    await take(number)(clock())
                except Failed as failed:
                    self.operations.broke(failed.kind)
                done += 1

        async with trio.open_nursery() as nursery:
            for _ in range(min(_GATHERING, count)):
                nursery.start_soon(work)

    @contextmanager
    def lanes(self, count: int) -> Iterator[list[Lane]]:
        """So many ways to publish at once."""
        target = self.target
        made: list[Lane]
        if target.via == "admin":
            made = [Streamer(self._daemon)] * count
        elif target.via == "websocket":
            made = [Sayer(self.door, target.key(number), self.mark) for number in range(count)]
        else:
            assert target.http is not None, "the way was chosen by what is known"
            door = Door(target.http)
            made = [Poster(door, target.key(number)) for number in range(count)]
        try:
            yield made
        finally:
            for lane in dict.fromkeys(made):
                self.sent_bytes += lane.sent_bytes
                self.received_bytes += lane.received_bytes
                lane.close()

    def publisher(self, lane: Lane, volume: Volume) -> Worker:
        """Publishes over *lane*, a batch each time."""

        async def publish(at: float) -> None:
            data = self.mark.data(at, volume.size_bytes)
            await lane.publish(self.target.channel, [data] * volume.batch)

        return publish

    async def publish(self, volume: Volume, workers: Sequence[Worker]) -> None:
        """Warm up, and then publish *volume*; the meter runs from here on."""
        if volume.warmup_seconds:
            await self._phase("warming up", volume, workers, Tally(), count=None, seconds=volume.warmup_seconds)
        await self.meter.begins()
        await self._phase(
            "measuring", volume, workers, self.operations, count=volume.count, seconds=volume.duration_seconds
        )

    async def _phase(
        self,
        name: str,
        volume: Volume,
        workers: Sequence[Worker],
        tally: Tally,
        *,
        count: int | None,
        seconds: float | None,
    ) -> None:
        begins_at = clock()
        schedule = Schedule(
            begins_at=begins_at,
            rate=None if volume.rate is None else volume.rate / volume.batch,
            count=None if count is None else -(-count // volume.batch),
            duration_seconds=seconds,
        )
        if count is not None:
            self.enter(name, count, lambda: tally.attempted)
        else:
            self.enter(name, seconds or 0.0, lambda: clock() - begins_at)
        driver = Driver(schedule, tally, each=volume.batch)
        if tally is self.operations:
            self.late = driver.late
        await driver.run(workers, ends_at=begins_at + (float("inf") if seconds is None else seconds))
