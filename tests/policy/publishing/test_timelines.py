from __future__ import annotations

import pytest

from notifyd.model.notification import State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.timelines import told
from tests.policy.receipts import receipt
from tests.store.samples import T0


def names(*events: TimelineEvent) -> list[str]:
    return [event.happening.value for event in events]


@pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING])
def test_it_begins_and_ends_with_what_the_receipt_knows(state: State) -> None:
    accepted, settled = told(receipt(state, reason="fault"))
    assert (accepted.happening, accepted.at) == (Happening.ACCEPTED, T0)
    assert (settled.happening.value, settled.at) == (state.value, T0 + 1000)
    assert settled.detail == ("fault" if state is State.DEAD else "")


def test_what_waits_was_accepted_and_no_more() -> None:
    assert names(*told(receipt(State.WAITING))) == ["accepted"]


def test_what_was_noted_stands_in_its_place() -> None:
    noted = (
        TimelineEvent(T0 + 500, Happening.RETRIED, attempt=1),
        TimelineEvent(T0 + 1000, Happening.ACKED, receiver="c1"),
        TimelineEvent(T0 + 2000, Happening.ACKED, receiver="c2"),
    )
    assert names(*told(receipt(timeline=noted))) == ["accepted", "retried", "dispatched", "acked", "acked"]


def test_nothing_is_told_twice() -> None:
    noted = (TimelineEvent(T0, Happening.ACCEPTED), TimelineEvent(T0 + 1000, Happening.DEAD, detail="fault"))
    assert told(receipt(State.DEAD, timeline=noted)) == noted


def test_what_was_put_back_ends_more_than_once() -> None:
    noted = (TimelineEvent(T0 + 500, Happening.DEAD), TimelineEvent(T0 + 700, Happening.REQUEUED))
    assert names(*told(receipt(State.DEAD, timeline=noted))) == ["accepted", "dead", "requeued", "dead"]
