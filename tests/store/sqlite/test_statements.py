from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, DeadLetterId, NotificationId, UserId
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.batch import Batch
from notifyd.store.memory.entry import Entry
from notifyd.store.sqlite.statements import plan
from tests.store.samples import idempotency, letter, notification


def entries(count: int) -> Batch:
    batch = Batch()
    batch.entries = [Entry.of(seq, notification()) for seq in range(count)]
    return batch


@pytest.mark.parametrize(("rows", "steps"), [(0, 0), (1, 1), (7, 1), (16, 1), (17, 2), (100, 3), (128, 1), (300, 4)])
def test_many_rows_take_few_steps(rows: int, steps: int) -> None:
    statements = list(plan(entries(rows)))
    assert len(statements) == steps
    assert sum(len(parameters) for _, parameters in statements) == rows * 15


def test_texts_are_used_again() -> None:
    assert len({sql for _, count in [(0, 5), (1, 5), (2, 5)] for sql, _ in plan(entries(count))}) == 1


def test_an_empty_batch_has_nothing_to_write() -> None:
    batch = Batch()
    assert batch.empty()
    assert list(plan(batch)) == []


def test_everything_in_a_batch_is_written() -> None:
    batch = entries(1)
    batch.keys = [(idempotency(), batch.entries[0].notification.id)]
    batch.channels = [(1, batch.entries[0].notification.client_id, "orders", 0)]
    batch.decided = [(1, "dispatched", 1, 1, 1, 0, 0, "")]
    batch.settled = [(2, "expired", 1, None, 0, 0, 0, "")]
    batch.meta = {"paused": "no"}
    batch.heads = {1: 5, 2: 6}
    batch.forgotten_channels = [3]
    batch.forgotten_keys = [("c", "k")]
    batch.purged = [4, 5]
    user, changes = UserId("u"), batch.inbox
    changes.opened, changes.changed = [(1, DEFAULT_CLIENT, user, 0, 0, 0, 0)], [(2, DEFAULT_CLIENT, user, 0, 3, 2, 1)]
    changes.placed, changes.marked = [(1, 1, 1, 0, 9, "", 0, 0, 0, "")], [(2, 3, 1, 1, 9, "evicted", 0, 0, 0, "")]
    changes.pushes = [(1, 0, "", 2, NotificationId("n"))]
    changes.forgotten, changes.erased = [3, 4], [4]
    batch.keep_letter(letter())
    batch.evict_letters([DeadLetterId("old")])
    batch.notes.acked = {NotificationId("n"): 1}
    batch.notes.events = [(NotificationId("n"), TimelineEvent(1, Happening.ACKED))]
    batch.purged_events = [(NotificationId("n"), 1)]
    tables = [sql.split("(")[0].replace("VALUES", "").strip() for sql, _ in plan(batch)]
    assert len(tables) == 24
    assert not batch.empty()
