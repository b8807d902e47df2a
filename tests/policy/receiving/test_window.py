"""What was sent and is not acked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.policy.receiving.window import AckRules, Window
from tests.wire.publications import publication as a_publication

if TYPE_CHECKING:
    from notifyd.model.publication import Publication

RULES = AckRules(
    max_attempts=3,
    retry_seconds=2.0,
    retry_max_seconds=60.0,
    ack_seconds=30.0,
    max_unacked=3,
    max_unacked_bytes=100_000,
)


def _publication() -> Publication:
    return a_publication()


def _window(*offsets: int, rules: AckRules = RULES) -> Window:
    window = Window(rules)
    for offset in offsets:
        window.sent(offset, _publication(), attempts=0, now=100.0)
    return window


def test_so_many_may_be_open() -> None:
    assert _window(1, 2).room() == 1
    assert _window(1, 2, 3).room() == 0


def test_an_ack_makes_room() -> None:
    window = _window(1, 2, 3)
    assert window.settle(2)
    assert window.room() == 1
    assert not window.settle(2)


def test_one_that_is_larger_than_the_bytes_allow_goes_alone() -> None:
    rules = AckRules(3, 2.0, 60.0, 30.0, 10, max_unacked_bytes=1)
    assert _window(rules=rules).room() == 10
    assert _window(1, rules=rules).room() == 0


def test_nothing_is_due_before_the_ack_is_late() -> None:
    window = _window(1)
    assert window.next_deadline() == 130.0
    assert window.due(129.9) == []
    assert [flight.offset for flight in window.due(130.0)] == [1]


def test_what_is_due_comes_in_order_of_offsets() -> None:
    assert [flight.offset for flight in _window(3, 1, 2).due(200.0)] == [1, 2, 3]


def test_a_failed_try_waits_for_its_backoff() -> None:
    window = _window(1)
    (flight,) = window.due(130.0)
    assert window.fail(flight, now=130.0, chance=0.5)
    assert flight.waiting
    assert window.next_deadline() == 131.0
    assert window.due(131.0) == [flight]
    window.sent_again(flight, now=131.0)
    assert window.next_deadline() == 161.0
    assert flight.attempts == 1


def test_the_last_try_is_the_last() -> None:
    window = Window(RULES)
    window.sent(1, _publication(), attempts=2, now=0.0)
    (flight,) = window.due(30.0)
    assert not window.fail(flight, now=30.0, chance=1.0)
    assert flight.attempts == 3


def test_without_anything_open_there_is_no_deadline() -> None:
    window = _window(1)
    window.settle(1)
    assert window.next_deadline() is None
