from __future__ import annotations

import pytest

from notifyd.model.receipt import InboxState
from notifyd.store.redis.receipts.arrivals import Arrivals, arrivals_in, state_of

HERE = Arrivals("here", cursor=5, floor=3, erased=("erased",))


def test_an_inbox_that_is_not_there_tells_nothing() -> None:
    assert arrivals_in([None, None, None, None]) == Arrivals("", 0, 0, [])


def test_its_fields_are_read() -> None:
    assert arrivals_in([b"here", b"5", b"3", b"one two"]) == Arrivals("here", 5, 3, ["one", "two"])


@pytest.mark.parametrize(
    ("epoch", "offset", "expires_at", "state"),
    [
        ("here", 5, 9, InboxState.DELIVERED),
        ("here", 5, 0, InboxState.DELIVERED),
        ("here", 6, 9, InboxState.STORED),
        ("here", 6, 1, InboxState.EXPIRED),
        ("before", 6, 9, InboxState.DELIVERED),
        ("erased", 1, 9, None),
    ],
)
def test_the_cursor_and_the_clock_tell_what_became_of_it(
    epoch: str, offset: int, expires_at: int, state: InboxState | None
) -> None:
    assert state_of(HERE, epoch=epoch, offset=offset, ended=None, expires_at=expires_at, now=1) is state


def test_what_left_before_it_arrived_was_evicted() -> None:
    inbox = Arrivals("here", cursor=2, floor=4)
    assert state_of(inbox, epoch="here", offset=4, ended=None, expires_at=9, now=1) is InboxState.EVICTED


def test_what_was_told_counts_more() -> None:
    assert state_of(HERE, epoch="here", offset=5, ended=InboxState.DEAD, expires_at=9, now=1) is InboxState.DEAD
    assert state_of(HERE, epoch="erased", offset=5, ended=InboxState.DEAD, expires_at=9, now=1) is None
