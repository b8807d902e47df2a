"""What one receiver was sent and has not acked, and what is to become of it. Time and chance are inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from notifyd.model.publication import Publication
from notifyd.policy.backoff import Backoff, backoff_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator


class AckRules(Backoff, frozen=True):
    """How long an ack may take, how often a delivery is tried, and how many may be open at once."""

    ack_seconds: float
    max_unacked: int
    #: Of data, metadata and targets; one delivery may be open however large it is.
    max_unacked_bytes: int


class Flight(msgspec.Struct, gc=False):
    """One delivery that is not acked."""

    offset: int
    publication: Publication
    #: Tries that failed.
    attempts: int
    #: Monotonic seconds: when the ack is late, or when it is sent again.
    deadline: float
    #: The last try failed, and it waits to be sent again.
    waiting: bool = False


class Window:
    """The open deliveries of one receiver."""

    __slots__ = ("_bytes", "_earliest", "_flights", "rules")

    def __init__(self, rules: AckRules) -> None:
        self.rules = rules
        self._flights: dict[int, Flight] = {}
        self._bytes = 0
        #: No deadline is earlier. What was settled is not looked for, so that it may be too early.
        self._earliest = math.inf

    def __len__(self) -> int:
        return len(self._flights)

    def __iter__(self) -> Iterator[Flight]:
        return iter(self._flights.values())

    def room(self) -> int:
        """How many more may be sent now."""
        if self._flights and self._bytes >= self.rules.max_unacked_bytes:
            return 0
        return max(0, self.rules.max_unacked - len(self._flights))

    def get(self, offset: int) -> Flight | None:
        """The open delivery of that offset."""
        return self._flights.get(offset)

    def sent(self, offset: int, publication: Publication, *, attempts: int, now: float) -> None:
        """It was written, after so many tries that failed before."""
        flight = Flight(offset, publication, attempts, now + self.rules.ack_seconds)
        self._flights[offset] = flight
        self._bytes += publication.notification.size()
        self._earliest = min(self._earliest, flight.deadline)

    def sent_again(self, flight: Flight, *, now: float) -> None:
        """What waited was written once more."""
        flight.waiting = False
        self._put_off(flight, now + self.rules.ack_seconds)

    def settle(self, offset: int) -> bool:
        """It is over with this one; False when it is not open."""
        flight = self._flights.pop(offset, None)
        if flight is None:
            return False
        self._bytes -= flight.publication.notification.size()
        return True

    def fail(self, flight: Flight, *, now: float, chance: float) -> bool:
        """The last try failed: it waits to be sent again. False: there is none left, and it is to be given up."""
        flight.attempts += 1
        if flight.attempts >= self.rules.max_attempts:
            return False
        flight.waiting = True
        self._put_off(flight, now + backoff_seconds(flight.attempts, self.rules, chance=chance))
        return True

    def due(self, now: float) -> list[Flight]:
        """Those whose deadline has passed, in the order of their offsets; each is to be dealt with."""
        if now < self._earliest:
            return []
        found = [flight for flight in self._flights.values() if flight.deadline <= now]
        self._earliest = min((f.deadline for f in self._flights.values() if f.deadline > now), default=math.inf)
        return sorted(found, key=_offset)

    def next_deadline(self) -> float | None:
        """Call `due` then, or None while nothing is open. May come early."""
        return self._earliest if self._flights and self._earliest < math.inf else None

    def _put_off(self, flight: Flight, deadline: float) -> None:
        flight.deadline = deadline
        self._earliest = min(self._earliest, deadline)


def _offset(flight: Flight) -> int:
    return flight.offset
