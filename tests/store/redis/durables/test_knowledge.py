from __future__ import annotations

import random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.policy.receiving.durable_changes import change_between, merged
from notifyd.store.redis.durables.knowledge import Knowledge
from tests.store.redis.durables.slowly import KEY, NEW

if TYPE_CHECKING:
    from notifyd.model.durable import DurableState
    from notifyd.policy.receiving.durable_changes import DurableChange

WHOLE = change_between(None, NEW)
LATER = replace(NEW, floor=11)
ONE_MORE = change_between(NEW, LATER)


def known(number: int = 100) -> Knowledge:
    knowledge = Knowledge(KEY)
    knowledge.begin_look()
    knowledge.found(number, NEW)
    return knowledge


def test_what_is_numbered_lower_is_passed_over() -> None:
    knowledge = known()
    assert knowledge.has(100)
    assert not knowledge.has(101)
    knowledge.remove(99)
    knowledge.answer(100, ONE_MORE)
    assert knowledge.told == NEW


def test_a_gap_has_to_be_read() -> None:
    knowledge = known()
    assert not knowledge.add(102, ONE_MORE, began=False)
    # the removal before it was missed
    assert not knowledge.add(500, change_between(None, LATER), began=True)
    assert knowledge.add(101, ONE_MORE, began=False)
    assert knowledge.told == LATER


def test_a_part_is_added_to_nothing_in_no_case() -> None:
    knowledge = Knowledge(KEY)
    assert not knowledge.add(1, ONE_MORE, began=False)
    knowledge.answer(7, ONE_MORE)
    assert knowledge.told is None


def test_another_epoch_follows_the_one_that_it_names() -> None:
    knowledge = known()
    other = replace(NEW, epoch="f", floor=1)
    assert not knowledge.add(101, change_between(None, other), began=False)
    assert knowledge.add(101, change_between(NEW, other), began=False)
    assert knowledge.told == other


def test_an_answer_counts_at_once_and_once() -> None:
    knowledge = known()
    knowledge.answer(101, ONE_MORE)
    assert knowledge.told == LATER
    assert knowledge.has(101)
    assert knowledge.gaps == 0


def test_an_answer_that_is_ahead_counts_after_what_comes_before_it() -> None:
    knowledge = known()
    opened = replace(NEW, attempts=((7, 0),))
    knowledge.answer(102, change_between(NEW, opened))
    assert knowledge.told == opened
    assert knowledge.gaps == 1
    settled = change_between(opened, NEW)
    assert knowledge.add(101, settled, began=False)
    assert knowledge.told == opened
    assert knowledge.gaps == 0
    assert knowledge.add(103, settled, began=False)
    assert knowledge.told == NEW


def test_a_removal_goes_over_every_gap() -> None:
    knowledge = known()
    knowledge.remove(150)
    assert knowledge.told is None
    # it may be of a count that began anew
    assert not knowledge.has(120)
    assert knowledge.add(200, WHOLE, began=True)
    assert knowledge.told == NEW


def test_what_was_answered_before_a_look_is_in_it() -> None:
    knowledge = known()
    knowledge.answer(105, ONE_MORE)
    knowledge.begin_look()
    # Redis has lost something
    knowledge.found(90, NEW)
    assert knowledge.told == NEW


def test_what_is_answered_during_a_look_counts_by_its_number() -> None:
    for number, told in ((101, NEW), (103, LATER)):
        knowledge = known()
        knowledge.begin_look()
        knowledge.answer(number, ONE_MORE)
        assert knowledge.told == LATER
        knowledge.found(102, NEW)
        assert knowledge.told == told


def test_what_is_answered_late_is_known_already() -> None:
    for looking in (False, True):
        knowledge = known()
        opened = replace(NEW, attempts=((7, 0),))
        assert knowledge.add(101, change_between(NEW, opened), began=False)
        assert knowledge.add(102, change_between(opened, NEW), began=False)
        if looking:
            knowledge.begin_look()
        knowledge.answer(101, change_between(NEW, opened))
        assert knowledge.told == NEW


def test_a_removal_is_not_undone_by_a_look_that_was_begun_before() -> None:
    knowledge = known()
    knowledge.begin_look()
    knowledge.answer(101, None)
    knowledge.found(100, NEW)
    assert knowledge.told is None


def test_a_look_that_fails_leaves_what_was_known() -> None:
    knowledge = known()
    knowledge.begin_look()
    knowledge.answer(101, ONE_MORE)
    knowledge.found_nothing_out()
    assert knowledge.told == LATER
    assert knowledge.gaps == 0


class Server:
    """What Redis does, all in one place; a node changes it, and others do."""

    def __init__(self) -> None:
        self.states: list[DurableState | None] = [None]
        self.number = 0
        self.time = 1000
        #: Every change, as the topic has it: number, change or None, whether it began.
        self.told: list[tuple[int, DurableChange | None, bool]] = []

    @property
    def state(self) -> DurableState | None:
        return self.states[-1]

    def change(self, dice: random.Random) -> None:
        self.time += 1000
        began = self.state is None
        change = None
        if began or dice.random() < 0.8:
            floor = 0 if self.state is None else self.state.floor
            # the time tells the states apart
            after = replace(NEW, floor=floor + dice.randrange(2), settled=(floor + 4,), used_at=self.time)
            change = change_between(self.state, after)
        self.number = self.time if began else self.number + 1
        self.states.append(None if change is None else merged(KEY, self.state, change))
        self.told.append((self.number, change, began))

    def read(self) -> tuple[int, DurableState | None]:
        return (self.time if self.state is None else self.number), self.state


class Node:
    """Gets what the server tells as the dice have it, and takes it in as a mirror does: no message during a look."""

    def __init__(self, server: Server) -> None:
        self.knowledge = Knowledge(KEY)
        self._server = server
        self._answers: list[tuple[int, DurableChange | None]] = []
        self._look: tuple[int, DurableState | None] | None = None
        self._heard = 0
        self._shown = 0

    def tell(self, dice: random.Random) -> None:
        self._server.change(dice)
        if dice.random() < 0.5:
            number, change, _ = self._server.told[-1]
            self._answers.append((number, change))

    def is_behind(self) -> bool:
        return bool(self._answers) or self._look is not None or self._heard < len(self._server.told)

    def get(self, dice: random.Random) -> None:
        ways = [self._be_answered] if self._answers else []
        ways.append(self._look_out if self._look is None and dice.random() < 0.2 else self._hear)
        dice.choice(ways)()
        if not self.knowledge.gaps:
            states, told = self._server.states, self.knowledge.told
            self._shown = next(nth for nth in range(self._shown, len(states)) if states[nth] == told)

    def _be_answered(self) -> None:
        self.knowledge.answer(*self._answers.pop(0))

    def _look_out(self) -> None:
        self.knowledge.begin_look()
        self._look = self._server.read()
        # what came before is in it
        self._heard = max(self._heard, len(self._server.told) - 3)

    def _hear(self) -> None:
        if self._look is not None:
            self.knowledge.found(*self._look)
            self._look = None
        elif self._heard < len(self._server.told) and not self._take(*self._server.told[self._heard]):
            self._look_out()
            self._heard += 1
        elif self._heard < len(self._server.told):
            self._heard += 1

    def _take(self, number: int, change: DurableChange | None, began: bool) -> bool:
        if self.knowledge.has(number):
            return True
        if change is None:
            self.knowledge.remove(number)
            return True
        return self.knowledge.add(number, change, began=began)


def test_in_whatever_order_it_comes_it_never_goes_back() -> None:
    for seed in range(200):
        dice = random.Random(seed)
        server = Server()
        node = Node(server)
        for _ in range(60):
            if dice.random() < 0.4:
                node.tell(dice)
            else:
                node.get(dice)
        while node.is_behind():
            node.get(dice)
        assert node.knowledge.told == server.state, seed
