"""The queue of the local broker: in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.clock import monotonic
from notifyd.errors import Conflict, Invalid
from notifyd.model.notification import State
from notifyd.store.pending import Enqueued
from notifyd.store.ports import Accepted, Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.errors import NotifydError
    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.model.receipt import Receipt
    from notifyd.store.batch import Batch
    from notifyd.store.journal import Journal
    from notifyd.store.local.state import LocalState
    from notifyd.store.memory.entry import Entry
    from notifyd.store.ports import IdempotencyKey, Lease, Outcome, QueueStats

#: Entries cleared in one transaction: enough to be quick, few enough to let others in between.
_CLEAR_ROWS: Final = 2000

#: The stamp has told how these ended: how many they reached may wait until there are enough to be cheap, or a second.
_COUNTS: Final = 64

_PAUSED: Final = "paused"

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_LIVE: Final = Lane.LIVE
_DEAD: Final = State.DEAD
_DISPATCHED: Final = State.DISPATCHED


class LocalQueue:
    """A `QueueStore` in memory whose changes are journalled. See the port for the guarantees."""

    def __init__(self, state: LocalState, journal: Journal) -> None:
        self._state = state
        self._queue = state.queue
        self._journal = journal

    def enqueue(
        self, notifications: Sequence[Notification], *, now: int, idempotency: IdempotencyKey | None = None
    ) -> Sequence[Enqueued]:
        """See `QueueStore.enqueue`."""
        if idempotency is None:
            batch = self._add(notifications)
        else:
            if len(notifications) != 1:
                raise Invalid("an idempotency key goes with exactly one notification")
            known = self._known(idempotency, now)
            if known is not None:
                return (known,)
            batch = self._add(notifications)
            batch.keys.append((idempotency, notifications[0].id))
            self._state.keys.add(idempotency, notifications[0].id, batch.commit)
        commit = batch.commit
        pending = [Enqueued(commit, Accepted(notification.id)) for notification in notifications]
        self._journal.ring()
        return pending

    def check_room(self, number: int) -> None:
        """See `QueueStore.check_room`."""
        self._queue.check_room(number)

    def recall(self, idempotency: IdempotencyKey, otherwise: NotifydError, *, now: int) -> Enqueued:
        """See `QueueStore.recall`."""
        known = self._known(idempotency, now)
        if known is None:
            raise otherwise
        return known

    async def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane = _LIVE) -> list[Lease]:
        """See `QueueStore.lease`."""
        if self._state.stamping and lane is _LIVE:
            # it has its places already, and is dispatched before anything that comes due meanwhile
            return []
        return self._queue.lease(limit=limit, lease_seconds=lease_seconds, now=now, lane=lane)

    def next_due_at(self, *, now: int, lane: Lane = _LIVE) -> int | None:
        """See `QueueStore.next_due_at`."""
        if self._state.stamping and lane is _LIVE:
            # the doorbell tells the end of it
            return None
        return self._queue.next_due_at(now=now, lane=lane)

    async def wait_for_work(self, lane: Lane = _LIVE) -> None:
        """See `QueueStore.wait_for_work`."""
        await self._queue.wait_for_work(lane)

    async def settle(self, outcomes: Sequence[Outcome], *, now: int) -> None:
        """See `QueueStore.settle`. In force at once, and journalled without being waited for."""
        self._queue.promote(now)
        batch = self._journal.batch()
        urgent = False
        for outcome in outcomes:
            entry = self._queue.settle(outcome.lease)
            if entry is None:
                continue
            state, delivered, reason = outcome.state, outcome.delivered, outcome.reason
            if entry.items:
                delivered = self._state.reached(entry, outcome)
            receipt = entry.receipt(state, settled_at=now, delivered=delivered, reason=reason)
            self._state.recent.add(receipt, entry.items)
            if state is _DEAD:
                self._state.bury(batch, entry, outcome, now=now)
            if entry.publication is None or entry.said_to_wait or state is not _DISPATCHED:
                batch.settled.append(entry.outcome(state, settled_at=now, delivered=delivered, reason=reason))
                urgent = True
            elif delivered:
                self._state.counts.append(entry.outcome(state, settled_at=now, delivered=delivered))
        if self._state.bells:
            self._state.bells.ring_all([outcome.lease.notification.id for outcome in outcomes])
        if len(self._state.counts) >= _COUNTS:
            self._state.flush_counts(batch)
        if urgent:
            self._journal.ring()

    def release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        """See `QueueStore.release`."""
        for lease in leases:
            self._queue.release(lease, due_at=due_at)
        self._state.bells.ring_all([lease.notification.id for lease in leases])

    async def cancel(self, client_id: ClientId | None, notification_id: NotificationId, *, now: int) -> Receipt | None:
        """See `QueueStore.cancel`."""
        entry = self._queue.entry(notification_id)
        if entry is None:
            receipt = await self._state.receipts.find_settled(client_id, notification_id)
            if receipt is None:
                return None
            raise Conflict(f"it was {receipt.state.value} before")
        if client_id is not None and entry.notification.client_id != client_id:
            return None
        if not self._queue.withdraw(entry):
            raise Conflict("it is being dispatched")
        await self._withdraw([entry], State.CANCELLED, now)
        return entry.receipt(State.CANCELLED, settled_at=now)

    async def clear(self, client_id: ClientId | None, *, now: int) -> int:
        """See `QueueStore.clear`. Done in parts; after a failure those that were done stay done."""
        cleared = 0
        entries = self._queue.free_to_go(client_id)
        for first in range(0, len(entries), _CLEAR_ROWS):
            part = [entry for entry in entries[first : first + _CLEAR_ROWS] if self._queue.withdraw(entry)]
            if part:
                await self._withdraw(part, State.CLEARED, now)
            cleared += len(part)
        await trio.lowlevel.checkpoint()
        return cleared

    async def pause(self) -> None:
        """See `QueueStore.pause`."""
        await self._set_paused(paused=True)

    async def resume(self) -> None:
        """See `QueueStore.resume`."""
        await self._set_paused(paused=False)

    def stats(self, *, now: int) -> QueueStats:
        """See `QueueStore.stats`."""
        return self._queue.stats(now=now)

    async def waiting(
        self, *, limit: int, client_id: ClientId | None = None, lane: Lane | None = None
    ) -> list[Receipt]:
        """See `QueueStore.waiting`."""
        await trio.lowlevel.checkpoint()
        return [entry.receipt() for entry in self._queue.waiting(limit=limit, client_id=client_id, lane=lane)]

    def size(self, lane: Lane) -> int:
        """See `QueueStore.size`."""
        return self._queue.size(lane)

    def idempotency_keys(self) -> int:
        """See `QueueStore.idempotency_keys`."""
        return len(self._state.keys)

    def _known(self, idempotency: IdempotencyKey, now: int) -> Enqueued | None:
        known = self._state.keys.find(idempotency, now=now)
        return None if known is None else Enqueued(known.commit, Accepted(known.id, duplicate=True))

    def _add(self, notifications: Sequence[Notification]) -> Batch:
        batch = self._journal.batch()
        entries = self._queue.admit(notifications)
        batch.take(entries)
        batch.arrivals.append((monotonic(), len(entries)))
        return batch

    async def _withdraw(self, entries: list[Entry], state: State, now: int) -> None:
        def finish(committed: bool) -> None:
            for entry in entries:
                self._queue.finish_withdrawal(entry, gone=committed)
                if committed:
                    self._state.recent.add(entry.receipt(state, settled_at=now))
                    self._state.bells.ring(entry.notification.id)

        batch = self._journal.batch()
        batch.decided += [entry.outcome(state, settled_at=now) for entry in entries]
        batch.followers.append(finish)
        batch.synced = True
        self._journal.ring()
        await batch.commit.wait()

    async def _set_paused(self, *, paused: bool) -> None:
        """In force at once; a disk that does not take it hears of it with the next transaction."""
        await trio.lowlevel.checkpoint()
        if self._queue.paused == paused:
            return
        self._queue.paused = paused
        batch = self._journal.batch()
        batch.meta[_PAUSED] = "yes" if paused else "no"
        batch.synced = True
        self._journal.ring()
        if not paused:
            self._queue.ring_all()
