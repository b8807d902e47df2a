"""Queue and history against a simple model, whatever is done in whatever order, restarts and kills in between."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from notifyd.errors import Conflict
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerOptions, Durability
from notifyd.store.ports import Lease, Outcome
from tests.property.loop import Loop
from tests.property.queue_model import LEASE_MS, Model
from tests.store.samples import T0, accept, notification

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.store.ports import Broker

CHANNELS = ("a", "b")
NEW = st.tuples(st.sampled_from(CHANNELS), st.integers(1, 10), st.sampled_from([0, 0, 0, 500, 40_000]))
PICK = st.integers(0, 50)


class QueueMachine(RuleBasedStateMachine):
    """One broker, one dispatcher, one producer and an operator."""

    durability: ClassVar[Durability] = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.now = T0
        self.leases: list[Lease] = []
        self.folder = Path(tempfile.mkdtemp(prefix="notifyd-test-"))
        self.state = self.folder / "state"
        self.loop = Loop()
        self.loop.start()

    @initialize()
    def open(self) -> None:
        self.loop.call(self._open)

    async def _open(self) -> None:
        options = BrokerOptions(durability=self.durability, state_dir=self.state)
        self.broker: Broker = await open_broker(options, clock=lambda: self.now)
        self.stopped = trio.Event()
        self.scope = trio.CancelScope()
        self.loop.nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self.scope:
            await self.broker.run()
        self.stopped.set()

    async def _stop(self) -> None:
        self.scope.cancel()
        await self.stopped.wait()

    def teardown(self) -> None:
        if hasattr(self, "broker"):
            self.loop.call(self._stop)
        self.loop.stop()
        shutil.rmtree(self.folder)

    @rule(new=st.lists(NEW, min_size=1, max_size=4))
    def enqueue(self, new: list[tuple[str, int, int]]) -> None:
        made = self._made(new)
        self.loop.call(accept, self.broker, *made)

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
        leases = self.broker.queue.lease(limit=limit, lease_seconds=LEASE_MS / 1000, now=self.now)
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
            try:
                self.loop.call(self._cancel, notification_id)
            except Conflict:
                assert not free
            else:
                assert free
                del self.model.items[notification_id]

    async def _cancel(self, notification_id: object) -> None:
        receipt = await self.broker.queue.cancel(None, notification_id, now=self.now)  # type: ignore[arg-type]
        assert receipt is not None

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
        self.broker.queue.pause() if paused else self.broker.queue.resume()

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

    @precondition(lambda self: self.durability != "memory")
    @rule()
    def restart(self) -> None:
        self.model.restart()
        self._reopen(self.state)

    @precondition(lambda self: self.durability != "memory")
    @rule()
    def kill(self) -> None:
        self.loop.call(self._commit_all)
        copy = Path(tempfile.mkdtemp(dir=self.folder)) / "state"
        shutil.copytree(self.state, copy)
        self.model.kill()
        self._reopen(copy)

    async def _commit_all(self) -> None:
        """A settle is not waited for: a kill may undo it. What this model knows is on its way has to arrive."""
        batch = self.broker._journal.batch()  # type: ignore[attr-defined]
        self.broker._journal.ring()  # type: ignore[attr-defined]
        await batch.commit.wait()

    def _reopen(self, state: Path) -> None:
        epochs = {channel: self.broker.history.position(DEFAULT_CLIENT, channel) for channel in CHANNELS}
        self.loop.call(self._stop)
        self.state = state
        self.loop.call(self._open)
        self.leases.clear()
        assert {channel: self.broker.history.position(DEFAULT_CLIENT, channel) for channel in CHANNELS} == epochs

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "broker"):
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
@pytest.mark.parametrize("examples", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_the_broker_agrees_with_the_model(machine: type[QueueMachine], examples: int) -> None:
    machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=40, deadline=None)
    machine.TestCase().runTest()
