"""What a node knows of the shards that it sees to, and how much it takes from each. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The next order keys of one shard that are looked at.
HEADS: Final = 128


class Sight:
    """One lane of one shard, as it was after the last look."""

    __slots__ = ("heads", "lease_ends_at", "next_due_at", "ready", "rings", "rung")

    def __init__(self) -> None:
        #: How many are ready, and the order keys of the first of them.
        self.ready = 0
        self.heads: Sequence[float] = ()
        #: When the first of the scheduled comes up, and when the first lease ends.
        self.next_due_at: int | None = None
        self.lease_ends_at: int | None = None
        #: Something has become ready since.
        self.rung = False
        #: Rises with everything that was told between two looks.
        self.rings = 0

    def learn(
        self, rings: int, ready: int, next_due_at: bytes, lease_ends_at: bytes, heads: Sequence[float] = ()
    ) -> None:
        """A script has told how it is; *rings* is what `rings` was when it was asked."""
        self.ready = ready
        self.heads = heads
        due_at = int(next_due_at) if next_due_at else None
        if rings == self.rings:
            self.rung = False
            self.next_due_at = due_at
        elif due_at is not None:
            # what was told meanwhile may be newer than the answer
            self.comes_up(due_at)
        self.lease_ends_at = int(lease_ends_at) if lease_ends_at else None

    def comes_up(self, at: int) -> None:
        """Something comes up at the instant *at*; 0: it is ready."""
        self.rings += 1
        if at == 0:
            self.rung = True
        elif self.next_due_at is None or at < self.next_due_at:
            self.next_due_at = at

    def due_at(self, now: int) -> int | None:
        """When there is something to lease; None: not before something new comes."""
        if self.rung or self.ready:
            return now
        moments = (self.next_due_at, self.lease_ends_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def asks(self, now: int) -> bool:
        """Whether a look is worth it."""
        due_at = self.due_at(now)
        return due_at is not None and due_at <= now

    def unsure(self, now: int) -> bool:
        """Whether there may be more than what was told."""
        moments = (self.next_due_at, self.lease_ends_at)
        return self.rung or any(moment is not None and moment <= now for moment in moments)


def shares(sights: Sequence[Sight], limit: int, now: int) -> list[int]:
    """How many to take from each of *sights*, *limit* in all: the most urgent, as far as they are known.

    What is not known may be urgent or not: each such shard has an equal part of what the known ones leave, and one at
    the least. Where nothing is known, and *limit* is too small for that, a look at all of them comes first.
    """
    unsure = [place for place, sight in enumerate(sights) if sight.unsure(now) or sight.ready > len(sight.heads)]
    # one for each of them, so that none is passed over for what is known
    kept_back = min(len(unsure), limit // 2)
    taken = Counter(_first(sights, limit - kept_back))
    left = limit - taken.total()
    if not taken and left < len(unsure):
        return [0] * len(sights)
    for nth, place in enumerate(unsure):
        # the first ones have what does not divide
        taken[place] += left // len(unsure) + (nth < left % len(unsure))
    return [taken[place] for place in range(len(sights))]


def _first(sights: Sequence[Sight], limit: int) -> Iterable[int]:
    """The places of the *limit* smallest order keys."""
    if limit <= 0:
        return ()
    heads = sorted([(key, place) for place, sight in enumerate(sights) for key in sight.heads])
    return [place for _, place in heads[:limit]]
