"""What the state machines share: a broker that is stopped, killed and started again between their steps."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import trio
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, Durability
from tests.property.loop import Loop
from tests.store.samples import T0

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.store.local.broker import LocalBroker
    from notifyd.store.ports import Broker


class BrokerMachine(RuleBasedStateMachine):
    """One broker over a folder of its own, and time that stands still unless a step moves it."""

    durability: ClassVar[Durability] = "memory"
    limits: ClassVar[BrokerLimits] = BrokerLimits()

    broker: Broker

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        #: Every transaction fails.
        self.disk_full = False
        self.folder = Path(tempfile.mkdtemp(prefix="notifyd-test-"))
        self.state = self.folder / "state"
        self.loop = Loop()
        self.loop.start()

    @initialize()
    def open(self) -> None:
        self.loop.call(self._open)

    @property
    def opened(self) -> bool:
        """Whether the first step was done: invariants are asked before it too."""
        return hasattr(self, "broker")

    @precondition(lambda self: self.durability != "memory")
    @rule()
    def restart(self) -> None:
        self.stopping()
        self.loop.call(self._stop)
        self.loop.call(self._open)
        self.started()

    @precondition(lambda self: self.durability != "memory")
    @rule()
    def kill(self) -> None:
        self.loop.call(self.commit_all)
        self.killed(self.loop.call(self.leave_behind))

    @rule()
    def purge(self) -> None:
        """Nobody notices that rows go which nobody needs."""
        if not self.disk_full:
            self.loop.call(self._purge)

    async def _purge(self) -> None:
        await self._local().upkeep.purge(now=self.now)

    def stopping(self) -> None:
        """The broker is about to be stopped in peace."""

    def dying(self) -> None:
        """The broker was killed, and what it knew is to be compared with what it left behind."""

    def started(self) -> None:
        """It was started again."""

    def killed(self, state: Path) -> None:
        """Go on with what a killed broker left behind, whatever the present one still knows."""
        self.dying()
        self.disk_full = False
        self.loop.call(self._stop)
        self.state = state
        self.loop.call(self._open)
        self.started()

    async def leave_behind(self) -> Path:
        """What would be left if the broker were killed between what it is writing and what it has not begun to."""
        copy = Path(tempfile.mkdtemp(dir=self.folder)) / "state"
        # in the thread that writes, so that no transaction is cut in two
        await self._local()._journal._thread.run(shutil.copytree, self.state, copy)  # type: ignore[attr-defined]
        return copy

    async def commit_all(self) -> None:
        """What is flushed once a second may be lost in a kill. What a model knows has to arrive."""
        self._local().upkeep.trim(now=self.now)
        batch = self._local()._journal.batch()
        self._local()._journal.ring()
        await batch.commit.wait()

    def _local(self) -> LocalBroker:
        return self.broker  # type: ignore[return-value]

    async def _open(self) -> None:
        options = BrokerOptions(durability=self.durability, state_dir=self.state, limits=self.limits)
        self.broker = await open_broker(options, clock=lambda: self.now)
        # steps own the time: nothing is trimmed or purged unless one says so
        self._local().upkeep.run = trio.sleep_forever  # type: ignore[method-assign]
        if self.durability != "memory":
            self._make_the_disk_fail()
        self.stopped = trio.Event()
        self.scope = trio.CancelScope()
        self.loop.nursery.start_soon(self._run)

    def _make_the_disk_fail(self) -> None:
        writer: Any = self._local()._journal._writer  # type: ignore[attr-defined]
        write: Callable[..., None] = writer.write

        def guarded(batch: object) -> None:
            if self.disk_full:
                raise sqlite3.OperationalError("database or disk is full")
            write(batch)

        writer.write = guarded

    async def _run(self) -> None:
        with self.scope:
            await self.broker.run()
        self.stopped.set()

    async def _stop(self) -> None:
        self.scope.cancel()
        await self.stopped.wait()

    def teardown(self) -> None:
        if self.opened:
            self.loop.call(self._stop)
        self.loop.stop()
        shutil.rmtree(self.folder)


def agrees(machine: type[BrokerMachine], examples: int, *, steps: int = 40) -> None:
    """Run *machine* in so many ways."""
    machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    machine.TestCase().runTest()
