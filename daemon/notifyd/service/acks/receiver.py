"""One connection that acks: reads what is kept, writes it as far as acks make room, and tries again what is not acked.

What it reads is kept anyway, so that a receiver holds no more than what it has sent, and a slow one costs nothing.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import trio
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.model.publication import Publication
from notifyd.policy.receiving.window import Flight, Window

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.ids import NotificationId
    from notifyd.policy.receiving.window import AckRules
    from notifyd.service.acks.tracks import Track

Encode = Callable[[Publication], bytes]


class Alarm:
    """One wake-up of the clock."""

    __slots__ = ("at", "number", "receiver")

    def __init__(self, at: float, number: int, receiver: AckReceiver) -> None:
        self.at = at
        self.number = number
        #: None where it was called off.
        self.receiver: AckReceiver | None = receiver

    def __lt__(self, other: Alarm) -> bool:
        return (self.at, self.number) < (other.at, other.number)


#: Read and written in one step.
_PAGE: Final = 64


class Aftermath(Protocol):
    """What the failures of deliveries lead to, beside another try."""

    def wrote(self, count: int, size_bytes: int) -> None:
        """So many publications were taken by an outbox."""
        ...

    def timed_out(self, track: Track, flight: Flight) -> None:
        """No ack came in time; it is tried again."""
        ...

    def sent_again(self, track: Track, flight: Flight) -> None:
        """It was."""
        ...

    def gave_up(self, track: Track, flight: Flight, *, reason: str, error: str) -> None:
        """It is not tried again: it becomes a dead letter."""
        ...

    def end_slow(self, connection: Connection) -> None:
        """The connection does not read, or what it has to read next is gone."""
        ...


class Clock(Protocol):
    """Wakes receivers."""

    def watch(self, receiver: AckReceiver, at: float) -> None:
        """Call its `on_deadline` at *at* (seconds of trio.current_time()) or a little later, and not before."""
        ...

    def forget(self, receiver: AckReceiver) -> None:
        """Let go of it."""
        ...


class AckReceiver:
    """A `Receiver` of the hub."""

    def __init__(
        self, connection: Connection, track: Track, encode: Encode, rules: AckRules, aftermath: Aftermath, clock: Clock
    ) -> None:
        self.connection = connection
        self.track = track
        self._encode = encode
        self._aftermath = aftermath
        self._clock = clock
        self.window = Window(rules)
        self._most = 0
        #: Up to here it has read.
        self.read = track.settled.floor
        self.closed = False
        #: The clock's: when it wakes it, its number, itself; None for not at all.
        self.alarm: Alarm | None = None
        self._open: dict[NotificationId, int] = {}
        #: What an operator put back, still to be sent; it goes first.
        self._again: deque[int] = deque(sorted(track.settled.reopened))
        #: Called when it is closed.
        self.on_close: Callable[[AckReceiver], None] = _nothing

    def narrow(self, max_unacked: int) -> None:
        """Have at most so many open, where the rules allow more; 0 leaves it to them. Call it before anything is."""
        self._most = max_unacked
        self.configure(self.window.rules)

    def configure(self, rules: AckRules) -> None:
        """Use other rules from now on; deadlines that run stay as they are."""
        most = min(self._most or rules.max_unacked, rules.max_unacked)
        self.window.rules = rules if most == rules.max_unacked else replace(rules, max_unacked=most)

    def offer(self) -> tuple[int, int]:
        """See `Receiver.offer`."""
        before = self.read
        self.track.sync()
        self._put_back()
        while not self.closed and not self.connection.ended:
            limit = min(_PAGE, self.window.room())
            if not limit or not self._turn(limit):
                break
        self.track.put_down()
        self._watch()
        return before, self.read

    def _turn(self, limit: int) -> bool:
        """Read and write one page; whether there may be more."""
        found = self.track.read(self.read, limit)
        if not found.recovered:
            self.end()
            return False
        fresh = []
        for publication in found.publications:
            offset = self.track.place(publication)
            self._pass(offset - 1)
            if not self.window.room():
                break
            self.read = offset
            if offset not in self.track.settled:
                fresh.append(publication)
                self._take(offset, publication)
        else:
            if len(found.publications) < limit:
                self._pass(found.position.offset)
        self._write(fresh)
        return bool(found.publications)

    def _pass(self, offset: int) -> None:
        """Nothing is kept up to *offset* of what comes next: it expired, or was given up before."""
        if offset > self.read:
            self.track.settled.skip(self.read + 1, offset)
            self.read = offset

    def _take(self, offset: int, publication: Publication) -> None:
        attempts = self.track.attempts.get(offset, 0)
        self.window.sent(offset, publication, attempts=attempts, now=trio.current_time())
        self._open[publication.notification.id] = offset

    def _write(self, publications: list[Publication]) -> None:
        frames = b"".join([self._encode(self._marked(publication)) for publication in publications])
        if not publications:
            return
        if self.connection.put(frames):
            self._aftermath.wrote(len(publications), len(frames))
        else:
            self.end()

    def _marked(self, publication: Publication) -> Publication:
        attempts = self.track.attempts.get(self.track.place(publication), 0)
        return replace(publication, attempt=attempts + 1) if attempts else publication

    def again(self, offset: int) -> None:
        """Send what was put back, as soon as there is room."""
        self._again.append(offset)
        self.offer()

    def _put_back(self) -> None:
        """What is not kept any more goes for good."""
        while self._again and self.window.room() and not self.closed and not self.connection.ended:
            offset = self._again.popleft()
            if offset > self.read or offset in self.track.settled or self.window.get(offset) is not None:
                continue  # what was not read yet comes with the rest
            found = self.track.read(offset - 1, 1)
            if found.publications and self.track.place(found.publications[0]) == offset:
                self._take(offset, found.publications[0])
                self._write([found.publications[0]])
            else:
                self.track.give_up(offset)

    def flight(self, notification_id: NotificationId) -> Flight | None:
        """The open delivery of a notification."""
        offset = self._open.get(notification_id)
        return None if offset is None else self.window.get(offset)

    def forget(self, offset: int) -> None:
        """It was settled, here or elsewhere."""
        flight = self.window.get(offset)
        if flight is not None:
            self.window.settle(offset)
            self._open.pop(flight.publication.notification.id, None)

    def forget_settled(self) -> None:
        """Some were settled."""
        for flight in list(self.window):
            if flight.offset in self.track.settled:
                self.forget(flight.offset)

    def refuse(self, flight: Flight, *, reason: str, error: str) -> None:
        """The last try of *flight* failed: try again later, or give it up."""
        if self.window.fail(flight, now=trio.current_time(), chance=random.random()):
            self.track.failed(flight.offset, flight.attempts)
        else:
            self.forget(flight.offset)
            self.track.give_up(flight.offset)
            self._aftermath.gave_up(self.track, flight, reason=reason, error=error)
        self._watch()

    def on_deadline(self, now: float) -> None:
        """Deal with what is due."""
        wall, seconds = now_ms(), self.window.rules.ack_seconds
        self.track.sync()
        for flight in self.window.due(now):
            if self.closed:
                return
            if flight.offset in self.track.settled:
                self.forget(flight.offset)
            elif flight.publication.notification.expired(wall):
                self.forget(flight.offset)
                self.track.give_up(flight.offset, expired=True)
            elif flight.waiting:
                self.window.sent_again(flight, now=now)
                self._aftermath.sent_again(self.track, flight)
                self._write([flight.publication])
            else:
                if flight.attempts + 1 < self.window.rules.max_attempts:
                    self._aftermath.timed_out(self.track, flight)
                self.refuse(flight, reason="ack_timeout", error=f"no ack came within {seconds:g} s")
        self.offer()

    def end(self) -> None:
        """Its connection is too slow, or what it has to read next is gone: end both."""
        self.close()
        self._aftermath.end_slow(self.connection)

    def close(self) -> None:
        """See `Receiver.close`."""
        if not self.closed:
            self.closed = True
            self._clock.forget(self)
            self.on_close(self)

    def _watch(self) -> None:
        at = self.window.next_deadline()
        if at is not None and not self.closed and (self.alarm is None or at < self.alarm.at):
            self._clock.watch(self, at)


def _nothing(_receiver: AckReceiver) -> None:
    """Nobody wants to know."""
