from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.ids import NotificationId
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.batch import Batch
from notifyd.store.memory.notes import KeptNotes, UnwrittenNotes, noted_in
from notifyd.store.options import ReceiptLimits

if TYPE_CHECKING:
    from notifyd.store.memory.notes import Notes

ONE, OTHER = NotificationId("one"), NotificationId("other")


def event(at: int) -> TimelineEvent:
    return TimelineEvent(at, Happening.ACKED)


def times(notes: Notes, known: NotificationId = ONE, *, after: int = 0) -> list[int]:
    return [each.at for each in noted_in(notes.pages(), known, after=after).events]


def test_kept_notes_go_when_they_are_forgotten() -> None:
    notes = KeptNotes(ReceiptLimits())
    for known in (ONE, OTHER):
        notes.add(known, event(1), 1)
    notes.forget(ONE)
    assert noted_in(notes.pages(), ONE) == (0, [])
    assert noted_in(notes.pages(), OTHER) == (1, [event(1)])
    assert notes.usage() == 1


def test_over_the_number_of_all_kept_ones_the_first_go() -> None:
    notes = KeptNotes(ReceiptLimits(max_all_events=3))
    for at, known in enumerate((ONE, OTHER, ONE, OTHER, OTHER)):
        notes.add(known, event(at), 1)
    assert (times(notes), times(notes, OTHER)) == ([], [1, 3, 4])
    notes.configure(ReceiptLimits(max_all_events=1))
    assert times(notes, OTHER) == [4]
    assert (notes.usage(), noted_in(notes.pages(), ONE).acked) == (1, 2)


def test_kept_notes_are_not_journalled() -> None:
    notes, batch = KeptNotes(ReceiptLimits()), Batch()
    notes.add(ONE, event(1), 1)
    notes.flush(batch)
    assert batch.empty()


@pytest.fixture
def unwritten() -> UnwrittenNotes:
    return UnwrittenNotes(ReceiptLimits(max_events=2), number=7)


def test_unwritten_notes_wait_until_the_journal_has_them(unwritten: UnwrittenNotes) -> None:
    first, second = Batch(), Batch()
    unwritten.add(ONE, event(1), 1)
    unwritten.flush(first)
    unwritten.add(ONE, event(2), 2)
    unwritten.flush(second)
    unwritten.add(ONE, event(3), 0)
    assert (first.meta, second.meta) == ({"noted": "8"}, {"noted": "9"})
    assert times(unwritten) == [1, 2, 3]
    assert (times(unwritten, after=8), times(unwritten, after=9)) == ([2, 3], [3])
    unwritten.written(first.notes.number)
    assert (times(unwritten), unwritten.usage()) == ([2, 3], 2)
    unwritten.written(second.notes.number)
    assert (times(unwritten), unwritten.usage()) == ([3], 1)


def test_what_nobody_noted_is_not_flushed(unwritten: UnwrittenNotes) -> None:
    batch = Batch()
    unwritten.flush(batch)
    assert batch.empty()


def test_two_flushes_may_go_together(unwritten: UnwrittenNotes) -> None:
    batch = Batch()
    for at in (1, 2):
        unwritten.add(ONE, event(at), 1)
        unwritten.flush(batch)
    assert batch.notes.acked == {ONE: 2}
    assert [each.at for _, each in batch.notes.events] == [1, 2]
    unwritten.written(batch.notes.number)
    assert unwritten.usage() == 0


def test_what_is_over_the_bound_of_one_is_not_even_held(unwritten: UnwrittenNotes) -> None:
    for at in range(5):
        unwritten.add(ONE, event(at), 1)
    assert noted_in(unwritten.pages(), ONE) == (5, [event(0), event(1)])


def test_much_is_flushed_in_parts(unwritten: UnwrittenNotes) -> None:
    many = [NotificationId(str(number)) for number in range(1200)]
    for each in many:
        unwritten.add(each, event(1), 1)
    assert unwritten.full()
    batches = [Batch() for _ in range(4)]
    flushed = [unwritten.flush(batch) for batch in batches]
    assert flushed == [True, True, True, False]
    assert [batch.note_rows() for batch in batches] == [1000, 1000, 400, 0]
    assert not unwritten.full()
    assert noted_in(unwritten.pages(), many[-1]) == (1, [event(1)])
    assert unwritten.usage() == 1200
    for batch in batches[:3]:
        unwritten.written(batch.notes.number)
    assert unwritten.usage() == 0
