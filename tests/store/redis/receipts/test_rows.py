"""The rows of users in a receipt."""

from __future__ import annotations

import pytest

from notifyd.model.ids import UserId
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState
from notifyd.store.redis.receipts.arrivals import Arrivals
from notifyd.store.redis.receipts.rows import (
    CONNECTIONS,
    ENDED,
    FAILED,
    PLACE,
    PUSHED,
    REASON,
    Row,
    place_word,
    rows_in,
)

PLACED = StreamPosition("e", 5)


def fields(**known: str) -> list[bytes]:
    return [word.encode() for pair in known.items() for word in pair]


def test_rows_are_in_the_order_of_the_users() -> None:
    told = fields(**{PLACE + "ben": place_word(1, PLACED), PLACE + "anna": place_word(0, PLACED)})
    assert [row.user_id for row in rows_in(told)] == ["anna", "ben"]


def test_a_row_has_what_was_told_of_its_user() -> None:
    told = {
        PLACE + "o u": place_word(0, PLACED),
        CONNECTIONS + "o u": "2",
        ENDED + "o u": "dead",
        PUSHED + "o u": "3",
        FAILED + "o u": "4",
        REASON + "o u": "a b",
    }
    (row,) = rows_in(fields(**told))
    assert row == Row(0, UserId("o u"), PLACED, 2, InboxState.DEAD, 3, 4, "a b")


def test_who_has_no_place_has_no_row() -> None:
    assert rows_in(fields(**{CONNECTIONS + "anna": "1"})) == []


@pytest.mark.parametrize(
    ("arrivals", "state"),
    [
        (Arrivals("e", 4, 0), InboxState.STORED),
        (Arrivals("e", 5, 0), InboxState.DELIVERED),
        (Arrivals("e", 4, 5), InboxState.EVICTED),
        (Arrivals("other", 0, 0), InboxState.DELIVERED),
    ],
)
def test_the_inbox_tells_what_became_of_it(arrivals: Arrivals, state: InboxState) -> None:
    (row,) = rows_in(fields(**{PLACE + "anna": place_word(0, PLACED)}))
    told = row.receipt(arrivals, expires_at=9, now=1)
    assert told is not None
    assert (told.state, told.offset) == (state, 5)


def test_nothing_is_told_of_who_was_removed() -> None:
    (row,) = rows_in(fields(**{PLACE + "anna": place_word(0, PLACED)}))
    assert row.receipt(Arrivals("", 0, 0, ("e",)), expires_at=9, now=1) is None
