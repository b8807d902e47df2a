"""One shard of the queue, as a node knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notifyd.store.ports import Lane
from notifyd.store.redis.queue.lanes import LANES
from notifyd.store.redis.queue.sights import Sight

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.redislink.topics.following import Following

#: How long a shard rests whose node is away.
_REST_MS: Final = 1000


class Held(NamedTuple):
    """What this node leased."""

    token: int
    until: int
    lane: Lane


class Shard:
    """One shard, as this node knows it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.owned = False
        #: Whether an answer to a claim is known; where another node has it, the next tick tries again.
        self.asked = False
        #: Of the time since it was claimed; see `Lease.fence`.
        self.fence = 0
        self.lanes = {lane: Sight() for lane in LANES}
        self._rests_until = 0
        self.held: dict[NotificationId, Held] = {}
        #: Leases of the lane LIVE that were asked for and not answered yet.
        self.asking = 0
        #: By lane the tokens of leases that were asked for, and of which no answer came.
        self.unanswered: dict[Lane, list[int]] = {}
        #: Follows its bell.
        self.following: Following | None = None

    def rest(self, now: int) -> None:
        """Its node is away while others are not: those are not to wait for it."""
        self._rests_until = now + _REST_MS

    def wake(self) -> None:
        """Its node has answered."""
        self._rests_until = 0

    def rests(self, now: int) -> bool:
        """Whether it is not to be asked yet; not for longer, wherever a wall clock is set to meanwhile."""
        return now < self._rests_until <= now + _REST_MS

    def due_at(self, lane: Lane, now: int) -> int | None:
        """When a lane has something; None: not before something new comes."""
        due_at = self.lanes[lane].due_at(now)
        return max(due_at, self._rests_until) if due_at is not None and self.rests(now) else due_at

    def asks(self, lane: Lane, now: int) -> bool:
        """Whether a look at a lane is worth it."""
        return not self.rests(now) and self.lanes[lane].asks(now)

    def rings(self) -> list[int]:
        """See `Sight.rings`, of each lane."""
        return [sight.rings for sight in self.lanes.values()]

    def holds(self, now: int) -> bool:
        """Whether leases of this node are in force; forgets those that ran out."""
        self.held = {known: held for known, held in self.held.items() if held.until > now}
        return bool(self.held)

    def in_hand(self, now: int) -> bool:
        """Whether another node could overtake this one in some stream, if it had the shard now.

        Pushes and webhooks are settled whoever has it, and may take as long as somebody else's server does.
        """
        return bool(self.asking) or any(held.lane is Lane.LIVE and held.until > now for held in self.held.values())
