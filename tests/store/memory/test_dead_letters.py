"""What the port cannot show of dead letters in memory: their order, and what is held."""

from __future__ import annotations

import pytest

from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.memory.dead_letters import DeadLetters
from notifyd.store.options import DeadLetterLimits
from notifyd.telemetry.metrics import Counters
from tests.store.samples import T0, letter

ALL = DeadLetterQuery()


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def letters(counters: Counters) -> DeadLetters:
    return DeadLetters(DeadLetterLimits(max_count=3), counters)


def ids(letters: DeadLetters) -> list[str]:
    return [each.id for each in letters.letters(ALL, limit=9, oldest_first=True)]


def test_what_is_held_is_not_there(letters: DeadLetters) -> None:
    one = letter()
    letters.add(one, now=T0)
    held = letters.hold([one.id, one.id])
    assert len(held) == 1
    assert letters.find(one.id) is None
    assert letters.usage() == (0, 0)
    assert letters.knows(one.id)
    letters.let_go(held, gone=True, now=T0)
    assert not letters.knows(one.id)


def test_what_comes_back_is_where_it_was(letters: DeadLetters) -> None:
    made = [letter(), letter(), letter()]
    for each in made:
        letters.add(each, now=T0)
    usage = letters.usage()
    held = letters.hold([made[1].id])
    assert letters.let_go(held, gone=False, now=T0) == []
    assert ids(letters) == [each.id for each in made]
    assert letters.usage() == usage


@pytest.mark.parametrize("gone", [True, False])
def test_what_dies_again_while_it_is_held_stays(letters: DeadLetters, gone: bool) -> None:
    one = letter()
    letters.add(one, now=T0)
    held = letters.hold([one.id])
    again = letter(one.notification, reason="again")
    letters.add(again, now=T0)
    letters.let_go(held, gone=gone, now=T0)
    assert letters.find(one.id) == again
    assert letters.usage() == (1, again.size())


def test_what_comes_back_finds_the_bounds_as_they_are(letters: DeadLetters, counters: Counters) -> None:
    old, *young = [letter(at=T0 + number) for number in range(4)]
    letters.add(old, now=T0)
    held = letters.hold([old.id])
    for each in young:
        assert letters.add(each, now=T0) == []
    assert letters.let_go(held, gone=False, now=T0) == [old.id]
    assert ids(letters) == [each.id for each in young]
    assert counters.dead_letters_evicted == 1


def test_a_clock_that_goes_back_does_not_mix_up_the_order(letters: DeadLetters) -> None:
    made = [letter(at=T0), letter(at=T0 - 9), letter(at=T0 - 5)]
    for each in made:
        letters.add(each, now=T0)
    assert ids(letters) == [made[place].id for place in (1, 2, 0)]
    assert letters.count(DeadLetterQuery(since=T0 - 8, until=T0)) == 1
    assert letters.hold([made[0].id])[0].letter == made[0]
    assert ids(letters) == [made[1].id, made[2].id]


def test_one_that_is_bigger_than_all_may_be_does_not_stay(letters: DeadLetters) -> None:
    one = letter()
    letters.configure(DeadLetterLimits(max_bytes=one.size() - 1))
    assert letters.add(one, now=T0) == [one.id]
    assert letters.usage() == (0, 0)


def test_what_was_restored_is_in_its_order(letters: DeadLetters) -> None:
    made = [letter(at=T0), letter(at=T0 + 1)]
    letters.restore(made)
    newest = letter(at=T0 + 1)
    letters.add(newest, now=T0)
    assert ids(letters) == [made[0].id, made[1].id, newest.id]
