"""What a node takes from each of its shards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifyd.store.redis.queue.sights import HEADS, Sight, shares

NOW = 1000


def sight(*keys: float, ready: int | None = None, rung: bool = False, next_due_at: int | None = None) -> Sight:
    made = Sight()
    due = b"" if next_due_at is None else str(next_due_at).encode()
    made.learn(0, len(keys) if ready is None else ready, due, b"", sorted(keys))
    if rung:
        made.comes_up(0)
    return made


sights = st.lists(
    st.builds(
        lambda keys, more, rung: sight(*keys, ready=len(keys) + more, rung=rung),
        st.lists(st.integers(0, 50), max_size=6),
        st.integers(0, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def test_the_most_urgent_are_taken_wherever_they_are() -> None:
    assert shares([sight(1, 5, 6), sight(2, 3), sight(9)], 3, NOW) == [1, 2, 0]


def test_what_is_not_known_has_an_equal_part() -> None:
    assert shares([sight(rung=True), sight(rung=True), sight()], 9, NOW) == [5, 4, 0]


def test_what_is_not_known_is_not_passed_over_for_what_is() -> None:
    known = sight(*range(50))
    assert shares([known, sight(rung=True)], 10, NOW) == [9, 1]


def test_what_is_known_by_its_number_alone_has_a_part_too() -> None:
    assert shares([sight(ready=1), sight(rung=True)], 10, NOW) == [5, 5]


def test_a_look_comes_first_where_too_few_may_be_taken_to_ask_all() -> None:
    assert shares([sight(ready=4), sight(ready=4)], 1, NOW) == [0, 0]


def test_a_backlog_that_is_known_in_part_is_taken_from_on() -> None:
    heads = [float(number) for number in range(HEADS)]
    assert shares([sight(*heads, ready=9000)], 5000, NOW) == [5000]


def test_what_comes_up_by_now_is_looked_at() -> None:
    assert not sight(next_due_at=NOW + 1).asks(NOW)
    assert sight(next_due_at=NOW).asks(NOW)


def test_an_answer_does_not_hide_what_was_told_after_the_question() -> None:
    made = sight()
    rings = made.rings
    made.comes_up(0)
    made.comes_up(500)
    made.learn(rings, 0, b"700", b"")
    assert (made.rung, made.next_due_at) == (True, 500)
    made.learn(made.rings, 0, b"700", b"")
    assert (made.rung, made.next_due_at) == (False, 700)


@given(sights, st.integers(1, 20))
def test_no_more_is_taken_than_may_be(known: list[Sight], limit: int) -> None:
    assert sum(shares(known, limit, NOW)) <= limit


@given(sights, st.integers(1, 20))
def test_where_something_is_known_something_is_taken(known: list[Sight], limit: int) -> None:
    parts = shares(known, limit, NOW)
    if any(each.heads for each in known):
        assert sum(parts) > 0
