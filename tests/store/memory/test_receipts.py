from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.notification import State
from notifyd.store.memory.entry import Entry
from notifyd.store.memory.receipts import RecentReceipts
from tests.store.samples import T0, notification

if TYPE_CHECKING:
    from notifyd.model.receipt import Receipt


def receipt(settled_at: int = T0) -> Receipt:
    return Entry.of(1, notification()).receipt(State.DISPATCHED, settled_at=settled_at)


def test_the_oldest_receipt_goes_first() -> None:
    receipts = RecentReceipts(max_count=2, max_age_ms=1000, max_rows=9)
    added = [receipt() for _ in range(3)]
    for one in added:
        receipts.add(one)
    assert [receipts.find(one.id) for one in added] == [None, added[1], added[2]]


def test_receipts_over_age_go() -> None:
    receipts = RecentReceipts(max_count=9, max_age_ms=1000, max_rows=9)
    old, new = receipt(T0), receipt(T0 + 1)
    receipts.add(old)
    receipts.add(new)
    receipts.trim(now=T0 + 1000)
    assert receipts.find(old.id) is None
    assert receipts.find(new.id) is new


def test_a_second_receipt_of_one_id_outlives_the_first() -> None:
    receipts = RecentReceipts(max_count=1, max_age_ms=1000, max_rows=9)
    one = receipt()
    receipts.add(one)
    again = Entry.of(1, notification()).receipt(State.DEAD, settled_at=T0)
    receipts.add(again)
    assert receipts.find(again.id) is again
    assert receipts.find(one.id) is None


def test_whoever_keeps_more_of_a_receipt_is_told_when_it_goes() -> None:
    told: list[str] = []
    receipts = RecentReceipts(max_count=1, max_age_ms=1000, max_rows=9)
    receipts.forgotten = told.append
    first, second, third = receipt(), receipt(), receipt()
    receipts.add(first)
    receipts.forget(first.id)
    # it begins anew: what more is kept of it goes on
    receipts.add(second)
    receipts.add(third)
    assert told == [second.id]
    assert (len(receipts), receipts.find(first.id)) == (1, None)
