"""A reconnect storm: every connection breaks off at the same moment, and all come back and resume."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyctl.benching.connections.crowd import Crowd, crowd
from notifyctl.benching.connections.place import Failed, clock
from notifyctl.benching.loads.driving import Driver, Worker
from notifyctl.benching.loads.pacing import Schedule
from notifyctl.benching.measuring.tally import Arrivals, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyctl.benching.connections.link import Link
    from notifyctl.benching.connections.marks import Notification
    from notifyctl.benching.loads.course import Course
    from notifyctl.benching.planning.plan import Volume
    from notifyctl.showing.output import Record

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0
#: How long the last publications may take to reach everybody.
_SETTLE_SECONDS: Final = 5.0
_GLANCE_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Weather:
    """How hard it blows."""

    connections: int
    rounds: int = 3
    #: Each comes back at a random moment within this; 0 is the worst that can happen.
    spread_seconds: float = 0.0
    #: Who is not back after this is given up.
    within_seconds: float = 60.0


@dataclass(frozen=True)
class Round:
    """One storm."""

    returned: int
    #: Until the last of them was back.
    elapsed_seconds: float


@dataclass
class Outcome:
    """What the storms made of it."""

    rounds: list[Round] = field(default_factory=list)
    #: Came back and were told that the history does not reach back to where they were.
    unrecovered: int = 0

    def record(self) -> Record:
        """The same for the machine form."""
        rounds = [{"returned": each.returned, "elapsedSeconds": round(each.elapsed_seconds, 3)} for each in self.rounds]
        return {"rounds": rounds, "unrecovered": self.unrecovered}


class Subscriber:
    """One that comes back, and knows how far it has heard."""

    def __init__(self, course: Course, number: int, outcome: Outcome) -> None:
        self.received = 0
        self.extra = 0
        self._course = course
        self._number = number
        self._outcome = outcome
        self._epoch = ""
        #: The offset of what came last; None before the first connection.
        self._heard: int | None = None

    async def connected(self) -> Link:
        """Connect, authenticate, and subscribe from where it was.

        Raises:
            Failed: it did not work; it may be tried again.
        """
        link = await self._course.link(self._number, self._receive)
        try:
            link.answer = self._stand
            since = {} if self._heard is None else {"since": {"epoch": self._epoch, "offset": self._heard}}
            await link.subscribe(self._course.target.channel, **since)
        except BaseException:
            self._course.forget(link)
            raise
        return link

    def _stand(self, answer: dict[str, Any]) -> None:
        """The daemon told where the channel stands, before anything that it replays."""
        if answer.get("type") != "subscribed":
            return
        if self._heard is None or answer.get("recovered") is False:
            self._outcome.unrecovered += self._heard is not None
            self._heard = int(answer["position"]["offset"])
        self._epoch = str(answer["position"]["epoch"])

    def _receive(self, link: Link, notification: Notification) -> None:
        if notification.offset <= (self._heard or 0):
            self.extra += 1
            return
        self._heard = notification.offset
        self.received += 1

    async def come_back(self, weather: Weather, tally: Tally) -> Link | None:
        """Come back at a random moment, and try again as good clients do: later each time, with jitter.

        None when the time was over.
        """
        await trio.sleep(random.uniform(0, weather.spread_seconds))
        began, pause = clock(), _FIRST_PAUSE_SECONDS
        with trio.move_on_after(weather.within_seconds):
            while True:
                try:
                    link = await self.connected()
                except Failed as failed:
                    tally.broke(failed.kind)
                else:
                    tally.worked(clock() - began)
                    return link
                await trio.sleep(random.uniform(0, pause))
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        tally.broke("not_back")
        return None


async def storm(course: Course, volume: Volume, weather: Weather) -> Outcome:
    """Connect, and then break everything off and have it come back, *weather.rounds* times, under publications."""
    await course.meter.at_rest()
    outcome, published = Outcome(), Tally()
    crew = [Subscriber(course, number, outcome) for number in range(weather.connections)]
    course.arrivals = Arrivals(timed=False)
    async with crowd(lambda link: course.operations.broke(link.ended)) as listening:

        def joining(number: int) -> Worker:
            async def join(at: float) -> None:
                listening.add(await crew[number].connected())

            return join

        await course.gather(len(crew), joining)
        if not len(listening):
            return outcome
        async with _published(course, volume, published):
            await course.meter.begins()
            for number in range(weather.rounds):
                course.enter(f"storm {number + 1} of {weather.rounds}", len(crew), lambda: len(listening))
                outcome.rounds.append(await _blow(course, weather, crew, listening))
            await course.meter.ends()
        await _settled(course, crew, published)
        for link in listening.links:
            course.received_bytes += link.received_bytes
    course.arrivals.settle(published.succeeded, [each.received for each in crew])
    course.arrivals.received = sum(each.received for each in crew)
    course.arrivals.extra += sum(each.extra for each in crew)
    for kind, count in published.errors.items():
        course.operations.broke(f"publish_{kind}", count)
    return outcome


@asynccontextmanager
async def _published(course: Course, volume: Volume, published: Tally) -> AsyncIterator[None]:
    """Something is published all the while, so that there is something to miss."""
    with course.lanes(volume.concurrency) as lanes:
        schedule = Schedule(begins_at=clock(), rate=volume.rate)
        workers = [course.publisher(lane, volume) for lane in lanes]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Driver(schedule, published).run, workers)
            yield
            # what is on its way may be accepted or not: it is waited for, and nothing new begins
            schedule.end()


async def _blow(course: Course, weather: Weather, crew: list[Subscriber], listening: Crowd) -> Round:
    for link in listening.links:
        listening.remove(link)
        course.forget(link)
    began, returned = clock(), 0

    async def come_back(each: Subscriber) -> None:
        nonlocal returned
        if (link := await each.come_back(weather, course.operations)) is not None:
            returned += 1
            listening.add(link)

    async with trio.open_nursery() as nursery:
        for each in crew:
            nursery.start_soon(come_back, each)
    return Round(returned, clock() - began)


async def _settled(course: Course, crew: list[Subscriber], published: Tally) -> None:
    """Wait until everybody has what was accepted, but not for ever."""
    course.enter("waiting for the last deliveries", 0, lambda: 0)
    until = clock() + _SETTLE_SECONDS
    while any(each.received < published.succeeded for each in crew):
        if clock() >= until:
            break
        await trio.sleep(_GLANCE_SECONDS)
