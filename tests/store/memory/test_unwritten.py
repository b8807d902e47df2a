from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.store.batch import Batch
from notifyd.store.memory.unwritten import Unwritten
from notifyd.store.memory.user_inbox import InboxItem, UserInbox
from tests.store.samples import T0, for_users


@pytest.fixture
def inbox() -> UserInbox:
    return UserInbox(7, (DEFAULT_CLIENT, UserId("anna")), epoch="e", generation=0)


def item(inbox: UserInbox) -> InboxItem:
    one = InboxItem(inbox, 1, 5, 0, Publication(for_users("anna"), "s", 1), T0)
    inbox.keep(one)
    return one


def flushed(unwritten: Unwritten) -> Batch:
    batch = Batch()
    unwritten.flush(batch)
    return batch


def test_everything_is_written_once_and_as_it_is_at_last(inbox: UserInbox) -> None:
    unwritten, one = Unwritten(), item(inbox)
    for _ in range(3):
        unwritten.changed(inbox)
        unwritten.marked(one)
    one.pushed = 2
    inbox.advance(StreamPosition("e", 1))
    changes = flushed(unwritten).inbox
    assert (changes.changed, changes.marked) == ([inbox.row()], [one.row()])
    assert flushed(unwritten).empty()


def test_of_a_forgotten_inbox_only_its_items_are_written(inbox: UserInbox) -> None:
    unwritten, one = Unwritten(), item(inbox)
    unwritten.changed(inbox)
    unwritten.marked(one)
    unwritten.forgotten(inbox, generation=4)
    batch = flushed(unwritten)
    assert (batch.inbox.changed, batch.inbox.marked) == ([], [one.row()])
    assert (batch.inbox.forgotten, batch.inbox.erased, batch.meta) == ([7], [], {"inbox_generation": "4"})


def test_of_an_erased_inbox_nothing_is_written(inbox: UserInbox) -> None:
    unwritten, one = Unwritten(), item(inbox)
    unwritten.marked(one)
    inbox.erased = True
    unwritten.marked(one)
    unwritten.forgotten(inbox, generation=1)
    changes = flushed(unwritten).inbox
    assert (changes.marked, changes.forgotten, changes.erased) == ([], [7], [7])


def test_what_memory_let_go_of_is_counted_in_the_journal(inbox: UserInbox) -> None:
    unwritten = Unwritten()
    unwritten.pushed(inbox, NotificationId("n"), pushed=1, failed=2, reason="gone")
    assert flushed(unwritten).inbox.pushes == [(1, 2, "gone", 7, "n")]


def test_who_wants_a_cursor_gets_it_into_the_next_transaction(inbox: UserInbox) -> None:
    unwritten, one, batch = Unwritten(), item(inbox), Batch()
    unwritten.marked(one)
    unwritten.changed(inbox)
    unwritten.complete(batch)
    assert batch.empty()
    assert [unwritten.want() for _ in range(3)] == [None] * 3
    inbox.advance(StreamPosition("e", 1))
    unwritten.complete(batch)
    assert batch.inbox.changed == [inbox.row()]
    assert unwritten.want() is batch.commit


def test_what_failed_is_wanted_from_the_next_transaction(inbox: UserInbox) -> None:
    unwritten = Unwritten()
    unwritten.changed(inbox)
    flushed(unwritten).commit.finish("disk is full")
    assert unwritten.want() is None
    after = Batch()
    unwritten.complete(after)
    after.commit.finish()
    assert unwritten.want() is after.commit
