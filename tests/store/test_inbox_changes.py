from __future__ import annotations

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.store.batch import Batch
from notifyd.store.inbox_changes import InboxChanges


def filled(number: int) -> InboxChanges:
    changes, user = InboxChanges(), (number, DEFAULT_CLIENT, UserId("anna"), 0, 0, 0, 0)
    item = (number, 1, 1, 0, 0, "", 0, 0, 0, "")
    changes.opened, changes.changed = [user], [user]
    changes.placed, changes.marked = [item], [item]
    changes.pushes = [(1, 0, "", number, NotificationId("n"))]
    changes.forgotten, changes.erased = [number], [number]
    return changes


def test_what_happened_moves_on_and_what_was_asked_for_does_not() -> None:
    changes = filled(2)
    changes.inherit(filled(1))
    for moved in (changes.changed, changes.marked):
        assert [row[0] for row in moved] == [1, 2]
    assert (changes.forgotten, changes.erased) == ([1, 2], [1, 2])
    assert [push[3] for push in changes.pushes] == [1, 2]
    assert (len(changes.opened), len(changes.placed)) == (1, 1)
    assert changes.rows() == 12


def test_a_batch_without_changes_of_inboxes_is_empty() -> None:
    batch, failed = Batch(), Batch()
    assert (batch.empty(), batch.inbox_rows(), batch.inbox.rows(), batch.empty()) == (True, 0, 0, True)
    failed.inbox.forgotten.append(3)
    batch.inherit(failed)
    assert not batch.empty()
