from __future__ import annotations

from notifyd.model.ids import NotificationId
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.batch import Batch
from tests.store.samples import letter

ONE, OTHER = NotificationId("one"), NotificationId("other")


def event(at: int) -> TimelineEvent:
    return TimelineEvent(at, Happening.ACKED)


def test_notes_that_failed_come_before_later_ones() -> None:
    failed, batch = Batch(), Batch()
    failed.notes.acked, failed.notes.events = {ONE: 1, OTHER: 1}, [(ONE, event(1))]
    failed.notes.number, failed.notes.max_events = 3, 9
    batch.notes.acked, batch.notes.events, batch.notes.number = {ONE: 2}, [(ONE, event(2))], 4
    batch.inherit(failed)
    assert batch.notes.acked == {ONE: 3, OTHER: 1}
    assert batch.notes.events == [(ONE, event(1)), (ONE, event(2))]
    assert (batch.notes.number, batch.notes.max_events) == (4, 9)


def test_notes_that_failed_are_enough_for_a_transaction() -> None:
    failed, batch = Batch(), Batch()
    failed.notes.acked = {ONE: 1}
    failed.notes.number = 3
    batch.inherit(failed)
    assert not batch.empty()
    assert (batch.note_rows(), batch.notes.number) == (1, 3)


def test_the_latest_word_on_a_letter_counts() -> None:
    kept, evicted, asked = letter(), letter(), letter()
    failed, batch = Batch(), Batch()
    for each in (kept, evicted):
        failed.keep_letter(each)
    failed.taken_letters[asked.id] = None
    batch.evict_letters([evicted.id])
    batch.inherit(failed)
    assert batch.letters == {kept.id: kept, evicted.id: None}
    assert batch.taken_letters == {}


def test_what_dies_again_is_not_taken() -> None:
    one, batch = letter(), Batch()
    batch.taken_letters[one.id] = None
    batch.keep_letter(one)
    assert (batch.letters, batch.taken_letters) == ({one.id: one}, {})
