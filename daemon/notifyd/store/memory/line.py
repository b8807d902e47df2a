"""What waits in one lane of the queue, and who holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.store.memory.backlog import Backlog
from notifyd.store.memory.doorbell import Doorbell
from notifyd.store.memory.leases import Leases
from notifyd.store.ports import Lease

if TYPE_CHECKING:
    from notifyd.store.memory.entry import Entry


class Line:
    """The backlog of one lane, the leases on it, and the bell of its consumer."""

    def __init__(self) -> None:
        self.backlog = Backlog()
        self.doorbell = Doorbell()
        #: How many are leased at this moment.
        self.leased = 0
        self._leases = Leases()

    def idle(self) -> bool:
        """Whether the consumer waits for the very next entry."""
        return self.doorbell.waiting > 0 and not (self.backlog.ready or self.leased)

    def lease(self, *, limit: int, lease_seconds: float, now: int) -> list[Lease]:
        """Take up to *limit* due entries, most urgent first."""
        token = self._leases.next_token()
        taken = self.backlog.take(limit, token)
        self._leases.grant(token, taken, until=now + int(lease_seconds * 1000))
        self.leased += len(taken)
        return [Lease(entry.notification, entry.attempts, token) for entry in taken]

    def let_go(self, entry: Entry) -> None:
        """*entry*, which is leased, is no longer held."""
        self._leases.let_go(entry.token)
        self.leased -= 1

    def wait_again(self, entry: Entry) -> None:
        """Put *entry* back, to be leased once it is due."""
        self.backlog.schedule(entry)
        self.doorbell.ring()

    def size(self) -> int:
        """All that is here, leased or not."""
        return self.backlog.ready + self.backlog.scheduled + self.leased

    def promote(self, now: int) -> None:
        """Make ready what is due and what lost its lease."""
        self.backlog.promote(now)
        for entry in self._leases.overdue(now):
            self.leased -= 1
            self.backlog.add(entry)

    def next_due_at(self, *, now: int) -> int | None:
        """When there will be something to lease, or None when only a new entry helps."""
        if self.backlog.ready:
            return now
        moments = (self.backlog.next_due_at(), self._leases.next_deadline())
        return min((moment for moment in moments if moment is not None), default=None)
