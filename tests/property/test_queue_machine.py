"""Queue and history against a simple model, whatever is done in whatever order, restarts and kills in between."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from notifyd.errors import Conflict, IdempotencyMismatch, QueueFull, StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.store.options import BrokerLimits, QueueLimits
from notifyd.store.ports import Accepted, IdempotencyKey, Lease, Outcome
from tests.property.machine import BrokerMachine, agrees
from tests.property.queue_model import LEASE_MS, MAX_SIZE, Item, Key, Model
from tests.store.samples import T0, accept, notification

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification
    from notifyd.model.receipt import Receipt
OTHER = ClientId("other")
CHANNELS = ("a", "b")
NEW = st.tuples(st.sampled_from(CHANNELS), st.integers(1, 10), st.sampled_from([0, 0, 0, 500, 40_000]))
PICK = st.integers(0, 50)


class QueueMachine(BrokerMachine):
    """One broker, one dispatcher, one producer and an operator."""

    limits = BrokerLimits(queue=QueueLimits(max_size=MAX_SIZE))

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.leases: list[Lease] = []

    @rule(new=st.lists(NEW, min_size=1, max_size=4))
    def enqueue(self, new: list[tuple[str, int, int]]) -> None:
        if len(self.model.items) + len(new) > MAX_SIZE:
            with pytest.raises(QueueFull):
                self.loop.call(accept, self.broker, *[notification() for _ in new])
        else:
            self.loop.call(accept, self.broker, *self._made(new))

    @precondition(lambda self: len(self.model.items) < MAX_SIZE)
    @rule(new=NEW, key=st.sampled_from("kl"), fingerprint=st.sampled_from("fg"), fails=st.booleans())
    def enqueue_once(self, new: tuple[str, int, int], key: str, fingerprint: str, fails: bool) -> None:
        channel, priority, delay = new
        made = notification(channel, priority=priority, delay=delay, at=self.now, ttl=60_000)
        idempotency = IdempotencyKey("c", key, fingerprint, self.now + 40_000)
        known = self.model.known_by(key, self.now)
        self.disk_full = fails and self.durability != "memory"
        try:
            accepted = self.loop.call(self._enqueue_once, made, idempotency)
        except IdempotencyMismatch:
            assert known is not None
            assert known.fingerprint != fingerprint
        except StoreUnavailable:
            assert self.disk_full
            assert known is None
        else:
            assert known is None or known.fingerprint == fingerprint
            assert (accepted.id, accepted.duplicate) == ((made.id, False) if known is None else (known.id, True))
            if known is None:
                assert not self.disk_full
                self.model.accept(made)
                self.model.keys[key] = Key(made.id, fingerprint, idempotency.expires_at)
        self.disk_full = False

    async def _enqueue_once(self, made: Notification, idempotency: IdempotencyKey) -> Accepted:
        (pending,) = self.broker.queue.enqueue([made], now=self.now, idempotency=idempotency)
        # the same request once more, before it is known how the first one went
        (repeated,) = self.broker.queue.enqueue([notification(at=self.now)], now=self.now, idempotency=idempotency)
        accepted = await pending.result()
        assert await repeated.result() == Accepted(accepted.id, duplicate=True)
        return accepted

    @precondition(lambda self: self.durability != "memory" and len(self.model.items) < MAX_SIZE)
    @rule(new=NEW)
    def enqueue_in_vain(self, new: tuple[str, int, int]) -> None:
        """What a full disk refuses leaves nothing behind."""
        self.disk_full = True
        with pytest.raises(StoreUnavailable):
            self.loop.call(accept, self.broker, notification(new[0], priority=new[1], delay=new[2], at=self.now))
        self.disk_full = False

    @precondition(lambda self: len(self.model.items) <= MAX_SIZE - 4)
    @rule(new=st.lists(NEW, min_size=1, max_size=4))
    def enqueue_for_a_waiting_dispatcher(self, new: list[tuple[str, int, int]]) -> None:
        made = self._made(new)
        idle = not any(item.leased_until is not None for item in self.model.items.values())
        before = {channel: self._head(channel) for channel in CHANNELS}
        self.loop.call(self._accept_while_waiting, made)
        stamped = sum(self._head(channel) - before[channel] for channel in CHANNELS)
        # stamped on arrival: all of them in the order of leasing, or none
        assert stamped == 0 or (stamped == len(made) and idle and not self.model.paused)
        if stamped:
            for item in sorted((self.model.items[one.id] for one in made), key=lambda item: item.rank()):
                self.model.stamp(item.notification.id)

    def _made(self, new: list[tuple[str, int, int]]) -> list[Notification]:
        made = [notification(c, priority=p, delay=d, at=self.now, ttl=60_000) for c, p, d in new]
        for one in made:
            self.model.accept(one)
        return made

    async def _accept_while_waiting(self, made: list[Notification]) -> None:
        # the bell may have rung before
        with trio.move_on_after(0):
            await self.broker.queue.wait_for_work()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.broker.queue.wait_for_work)
            await trio.testing.wait_all_tasks_blocked()
            await accept(self.broker, *made, now=self.now)

    @rule(limit=st.integers(1, 5))
    def lease(self, limit: int) -> None:
        leases = self.loop.call(
            partial(self.broker.queue.lease, limit=limit, lease_seconds=LEASE_MS / 1000, now=self.now)
        )
        self.model.reclaim(self.now)
        expected = self.model.due(self.now)[:limit]
        assert [lease.notification for lease in leases] == [item.notification for item in expected]
        assert [lease.attempts for lease in leases] == [item.attempts for item in expected]
        for lease, item in zip(leases, expected, strict=True):
            item.leased_until, item.token = self.now + LEASE_MS, lease.token
        self.leases += leases
        del self.leases[:-20]

    def _chosen(self, first: int, count: int) -> list[Lease]:
        """Some leases in a row, old ones too: what was done with a lease before does not stop anybody from trying."""
        first %= len(self.leases) or 1
        return self.leases[first : first + count]

    @rule(first=PICK, count=st.integers(1, 5))
    def append(self, first: int, count: int) -> None:
        chosen = [lease for lease in self._chosen(first, count) if lease.notification.id in self.model.items]
        unique = {lease.notification.id: lease for lease in chosen}
        publications = self.loop.call(self._append, list(unique.values()))
        assert [publication.offset for publication in publications] == [self.model.stamp(known) for known in unique]

    async def _append(self, leases: list[Lease]) -> list:  # type: ignore[type-arg]
        return await self.broker.history.append(leases, now=self.now)

    @rule(first=PICK, count=st.integers(1, 5), delivered=st.integers(0, 3))
    def settle(self, first: int, count: int, delivered: int) -> None:
        chosen = self._chosen(first, count)
        self.loop.call(self._settle, [Outcome(lease, State.DISPATCHED, delivered) for lease in chosen])
        self.model.reclaim(self.now)
        for lease in chosen:
            if self.model.held(lease.notification.id, lease.token):
                del self.model.items[lease.notification.id]

    async def _settle(self, outcomes: list[Outcome]) -> None:
        await self.broker.queue.settle(outcomes, now=self.now)

    @rule(first=PICK, count=st.integers(1, 3), delay=st.sampled_from([0, 700]))
    def release(self, first: int, count: int, delay: int) -> None:
        # a release is told no time: only what is surely held, or surely lost, is given back here
        self.lease(limit=1)
        chosen = self._chosen(first, count)
        self.broker.queue.release(chosen, due_at=self.now + delay)
        for lease in chosen:
            item = self.model.held(lease.notification.id, lease.token)
            if item is not None:
                item.leased_until = None
                item.attempts += 1
                item.due_at = self.now + delay

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self.model.reclaim(self.now)
        self.broker.queue.stats(now=self.now)
        known = sorted(self.model.items)
        if known:
            notification_id = known[pick % len(known)]
            free = notification_id in self.model.free_to_go()
            assert self.loop.call(self._cancel, notification_id, OTHER) is None
            try:
                assert self.loop.call(self._cancel, notification_id, DEFAULT_CLIENT) is not None
            except Conflict:
                assert not free
            else:
                assert free
                del self.model.items[notification_id]

    async def _cancel(self, notification_id: NotificationId, client_id: ClientId) -> Receipt | None:
        return await self.broker.queue.cancel(client_id, notification_id, now=self.now)

    @rule()
    def clear(self) -> None:
        self.model.reclaim(self.now)
        self.broker.queue.stats(now=self.now)
        gone = self.model.free_to_go()
        assert self.loop.call(self._clear) == len(gone)
        for known in gone:
            del self.model.items[known]

    async def _clear(self) -> int:
        return await self.broker.queue.clear(None, now=self.now)

    @rule(limit=st.integers(1, 9))
    def dispatch(self, limit: int) -> None:
        self.leases.clear()
        first = 0
        self.lease(limit)
        self.append(first, limit)
        self.settle(first, limit, 1)

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.loop.call(self._pause, paused)
        self.model.paused = paused

    async def _pause(self, paused: bool) -> None:
        await self.broker.queue.pause() if paused else await self.broker.queue.resume()

    @rule(milliseconds=st.sampled_from([1, 400, 29_999, 30_000]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule(channel=st.sampled_from(CHANNELS), offset=st.integers(0, 12))
    def resume_at(self, channel: str, offset: int) -> None:
        epoch = self.broker.history.position(DEFAULT_CLIENT, channel).epoch
        history = self.broker.history.since(DEFAULT_CLIENT, channel, StreamPosition(epoch, offset), now=T0)
        places = self.model.channels.get(channel, [])
        assert history.recovered == (offset <= len(places))
        if history.recovered:
            assert [publication.notification.id for publication in history.publications] == places[offset:]
            assert [p.offset for p in history.publications] == list(range(offset + 1, len(places) + 1))

    def _head(self, channel: str) -> int:
        return self.broker.history.position(DEFAULT_CLIENT, channel).offset

    @rule(limit=st.integers(0, 9))
    def look_ahead(self, limit: int) -> None:
        """What waits is told in the order in which it would be leased, and what is due later last."""
        waiting = self.loop.call(self._waiting, limit)
        ready = [one.id for one in waiting if one.due_at <= self.now]
        free = [item for item in self.model.items.values() if item.leased_until is None and item.due_at <= self.now]
        expected = [item.notification.id for item in sorted(free, key=Item.rank)][:limit]
        assert [known for known in ready if known in expected] == [known for known in expected if known in ready]
        assert len(waiting) <= limit

    async def _waiting(self, limit: int) -> list[Receipt]:
        return await self.broker.queue.waiting(limit=limit)

    def stopping(self) -> None:
        self.model.restart()
        self.heads = {channel: self._position(channel) for channel in CHANNELS}

    def dying(self) -> None:
        self.model.kill()
        self.heads = {channel: self._position(channel) for channel in CHANNELS}

    def started(self) -> None:
        self.leases.clear()
        assert {channel: self._position(channel) for channel in CHANNELS} == self.heads

    def _position(self, channel: str) -> StreamPosition:
        return self.broker.history.position(DEFAULT_CLIENT, channel)

    @invariant()
    def counts_agree(self) -> None:
        if not self.opened:
            return
        self.model.reclaim(self.now)
        stats = self.broker.queue.stats(now=self.now)
        items = self.model.items.values()
        assert stats.waiting == len(items)
        assert stats.leased == sum(item.leased_until is not None for item in items)
        assert stats.waiting_bytes == sum(item.notification.size() for item in items)
        assert sum(stats.by_priority.values()) == len(items)
        assert stats.ready + stats.scheduled + stats.leased == stats.waiting
        assert self.broker.history.usage()[1] == sum(len(places) for places in self.model.channels.values())


class JournalledQueueMachine(QueueMachine):
    durability = "os"


@pytest.mark.parametrize("machine", [QueueMachine, JournalledQueueMachine], ids=["memory", "journal"])
@pytest.mark.parametrize("examples", [5, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.long])])
def test_the_broker_agrees_with_the_model(machine: type[QueueMachine], examples: int) -> None:
    agrees(machine, examples)
