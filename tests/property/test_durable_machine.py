"""Durable subscriptions against a dict, whatever is done in whatever order; restarts, kills and a full disk between."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from notifyd.errors import Exhausted, StoreUnavailable
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import ClientId
from notifyd.store.options import BrokerLimits, DurableLimits
from tests.property.machine import BrokerMachine, agrees

if TYPE_CHECKING:
    from pathlib import Path

MAX_COUNT = 3
MAX_AGE_MS = 60_000

DEFAULT, OTHER = ClientId("default"), ClientId("other")
#: In the order in which they are listed.
KEYS = [
    DurableKey(DEFAULT, "a", "", "x"),
    DurableKey(DEFAULT, "a", "user/anna", "x"),
    DurableKey(DEFAULT, "b", "", "x"),
    DurableKey(OTHER, "a", "", "x"),
]
KEY = st.sampled_from(KEYS)
OFFSETS = st.lists(st.integers(1, 99), max_size=3, unique=True).map(lambda found: tuple(sorted(found)))


class DurableMachine(BrokerMachine):
    """Subscribers who come back, and an operator who removes some."""

    limits = BrokerLimits(durables=DurableLimits(max_count=MAX_COUNT, max_age_seconds=MAX_AGE_MS / 1000))

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[DurableKey, DurableState] = {}
        #: What a kill may leave of each key that changed since it was surely written; None: nothing.
        self.possible: dict[DurableKey, list[DurableState | None]] = {}

    def _changed(self, key: DurableKey, state: DurableState | None) -> None:
        self.possible.setdefault(key, [self.known.get(key)]).append(state)
        if state is None:
            del self.known[key]
        else:
            self.known[key] = state

    def _trim(self) -> int:
        over = [key for key, state in self.known.items() if state.used_at <= self.now - MAX_AGE_MS]
        for key in over:
            self._changed(key, None)
        return len(over)

    @rule(key=KEY, floor=st.integers(0, 99), settled=OFFSETS, tries=OFFSETS, waits=st.booleans())
    def put(self, key: DurableKey, floor: int, settled: tuple[int, ...], tries: tuple[int, ...], waits: bool) -> None:
        state = DurableState(key, "e", floor, settled, tuple((offset, 2) for offset in tries), self.now)
        if key not in self.known and len(self.known) == MAX_COUNT:
            self._trim()
        if key not in self.known and len(self.known) == MAX_COUNT:
            with pytest.raises(Exhausted):
                self.loop.call(self._put, state, False)
            return
        self._changed(key, state)
        try:
            self.loop.call(self._put, state, waits)
        except StoreUnavailable:
            assert self.disk_full
        else:
            if waits:
                assert not self.disk_full
                self.possible.clear()

    async def _put(self, state: DurableState, waits: bool) -> None:
        written = self.broker.durables.put(state, now=self.now)
        if waits:
            await written.wait()
            assert written.done()

    @rule(key=KEY)
    def remove(self, key: DurableKey) -> None:
        known = key in self.known
        if known:
            self._changed(key, None)
        try:
            assert self.loop.call(self._remove, key) == known
        except StoreUnavailable:
            assert known
            assert self.disk_full
        else:
            if known:
                assert not self.disk_full
                self.possible.clear()

    async def _remove(self, key: DurableKey) -> bool:
        return await self.broker.durables.remove(key)

    @rule(milliseconds=st.sampled_from([1, 30_000, MAX_AGE_MS]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule()
    def trim(self) -> None:
        assert self.loop.call(partial(self.broker.durables.trim, now=self.now)) == self._trim()

    @precondition(lambda self: self.durability != "memory")
    @rule()
    def fill_the_disk_or_make_room(self) -> None:
        self.disk_full = not self.disk_full

    @precondition(lambda self: self.durability != "memory" and not self.disk_full)
    @rule()
    def restart(self) -> None:
        super().restart()

    def stopping(self) -> None:
        self._all_is_written()

    def _all_is_written(self) -> None:
        self.possible = {key: [self.known.get(key)] for key in self.possible}

    @precondition(lambda self: self.durability != "memory" and not self.disk_full)
    @rule()
    def kill(self) -> None:
        self._trim()
        self._all_is_written()
        super().kill()

    @precondition(lambda self: self.durability != "memory" and self.known)
    @rule(pick=st.integers(0, 9), floor=st.integers(100, 199))
    def kill_in_the_midst_of_it(self, pick: int, floor: int) -> None:
        key = list(self.known)[pick % len(self.known)]
        state = DurableState(key, "e", floor, used_at=self.now)
        self._changed(key, state)
        left = self.loop.call(self._put_and_die, state)
        self.killed(left)

    async def _put_and_die(self, state: DurableState) -> Path:
        self.broker.durables.put(state, now=self.now)
        return await self.leave_behind()

    def started(self) -> None:
        for key, possible in self.possible.items():
            found = self.broker.durables.find(key)
            assert found in possible
            self.known.pop(key, None)
            if found is not None:
                self.known[key] = found
        self.possible.clear()

    @invariant()
    def all_agree(self) -> None:
        if self.opened:
            wanted = [self.known[key] for key in KEYS if key in self.known]
            assert self.loop.call(partial(self.broker.durables.states)) == wanted
            assert self.broker.durables.usage() == len(wanted)
            assert (
                self.loop.call(partial(self.broker.durables.states, channel="a", limit=1))
                == [s for s in wanted if s.key.channel == "a"][:1]
            )


class JournalledDurableMachine(DurableMachine):
    durability = "os"


@pytest.mark.parametrize("machine", [DurableMachine, JournalledDurableMachine], ids=["memory", "journal"])
@pytest.mark.parametrize("examples", [5, pytest.param(120, marks=[pytest.mark.slow, pytest.mark.long])])
def test_durable_subscriptions_agree_with_a_dict(machine: type[DurableMachine], examples: int) -> None:
    agrees(machine, examples)
