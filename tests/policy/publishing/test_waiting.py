from __future__ import annotations

import pytest

from notifyd.model.notification import Kind, State
from notifyd.model.receipt import InboxState
from notifyd.policy.publishing.waiting import Until, Verdict, verdict_of, wanted_acks
from tests.policy.receipts import receipt, user
from tests.store.samples import HOUR, T0

ENDED = [State.EXPIRED, State.CANCELLED, State.CLEARED, State.DEAD]
STORED, DELIVERED, EVICTED = InboxState.STORED, InboxState.DELIVERED, InboxState.EVICTED


def verdict(found, until: Until = Until.ACKED, asked: int | None = None, now: int = T0) -> Verdict | None:
    return verdict_of(found, until, wanted=wanted_acks(found, asked), now=now)


@pytest.mark.parametrize("until", Until)
def test_what_waits_is_open(until: Until) -> None:
    assert verdict(receipt(State.WAITING), until) is None


@pytest.mark.parametrize("until", Until)
@pytest.mark.parametrize("state", ENDED)
def test_what_ended_otherwise_cannot_come_true(state: State, until: Until) -> None:
    assert verdict(receipt(state), until) is Verdict.FAILED


def test_dispatched_is_enough_where_nothing_else_was_asked() -> None:
    assert verdict(receipt(), Until.DISPATCHED) is Verdict.DONE


def test_one_ack_is_enough_for_a_channel_unless_more_are_asked_for() -> None:
    assert verdict(receipt(acked=1)) is Verdict.DONE
    assert verdict(receipt(acked=1), asked=2) is None
    assert verdict(receipt(acked=2), asked=2) is Verdict.DONE


def test_a_channel_stays_open_while_somebody_may_come() -> None:
    assert verdict(receipt()) is None
    assert verdict(receipt(), now=T0 + HOUR) is Verdict.FAILED


@pytest.mark.parametrize("kind", [Kind.BROADCAST, Kind.CONNECTIONS, Kind.PUSH, Kind.WEBHOOK])
def test_nobody_acks_what_is_neither_for_a_channel_nor_for_users(kind: Kind) -> None:
    assert verdict(receipt(kind=kind)) is Verdict.FAILED


@pytest.mark.parametrize(
    ("states", "asked", "expected"),
    [
        ((DELIVERED, DELIVERED), None, Verdict.DONE),
        ((DELIVERED, STORED), None, None),
        ((DELIVERED, STORED), 1, Verdict.DONE),
        ((DELIVERED, EVICTED), None, Verdict.FAILED),
        ((STORED, EVICTED), 1, None),
        ((), None, Verdict.FAILED),
    ],
)
def test_every_user_is_waited_for(states: tuple[InboxState, ...], asked: int | None, expected: Verdict | None) -> None:
    users = tuple(user(f"u{number}", state) for number, state in enumerate(states))
    assert verdict(receipt(kind=Kind.USERS, users=users), asked=asked) is expected
