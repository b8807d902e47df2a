"""What the port cannot show of one inbox: how it is put together again, and what its items tell."""

from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.model.receipt import InboxState
from notifyd.store.memory.user_inbox import InboxItem, UserInbox
from tests.store.samples import HOUR, T0, for_users

ANNA = UserId("anna")


@pytest.fixture
def inbox() -> UserInbox:
    return UserInbox(7, (DEFAULT_CLIENT, ANNA), epoch="e", generation=2)


def item(inbox: UserInbox, offset: int, *, ttl: int = HOUR, users: int = 1) -> InboxItem:
    notification = for_users(ANNA, *[f"u{n}" for n in range(1, users)], ttl=ttl)
    return InboxItem(inbox, offset, 100 + offset, 0, Publication(notification, "s", offset + 10), T0)


def test_it_goes_on_with_what_was_kept(inbox: UserInbox) -> None:
    inbox.restore([item(inbox, 3), item(inbox, 4)], head=4, cursor=3)
    assert (inbox.head, inbox.floor(), inbox.cursor, len(inbox.items)) == (4, 2, 3, 2)
    assert inbox.row() == (7, DEFAULT_CLIENT, ANNA, 2, 4, 2, 3)


def test_the_newest_that_is_kept_may_be_newer_than_what_was_written_of_it(inbox: UserInbox) -> None:
    inbox.restore([item(inbox, 1), item(inbox, 2)], head=0, cursor=0)
    assert (inbox.head, inbox.floor()) == (2, 0)


def test_what_was_before_a_gap_is_left_out(inbox: UserInbox) -> None:
    inbox.restore([item(inbox, 1), item(inbox, 3), item(inbox, 4)], head=4, cursor=9)
    assert ([kept.offset for kept in inbox.items], inbox.cursor) == ([3, 4], 4)
    inbox.restore([], head=4, cursor=2)
    assert (inbox.floor(), inbox.item(4)) == (4, None)


def test_items_are_found_by_their_offset(inbox: UserInbox) -> None:
    run = [item(inbox, 3), item(inbox, 4)]
    inbox.restore(run, head=4, cursor=0)
    assert [inbox.item(offset) for offset in (2, 3, 4, 5)] == [None, *run, None]


def test_an_item_counts_what_its_user_receives(inbox: UserInbox) -> None:
    assert item(inbox, 1).size() == item(inbox, 1, users=500).size()


def test_an_item_tells_its_state_until_it_has_ended(inbox: UserInbox) -> None:
    one = item(inbox, 1, ttl=1000)
    inbox.keep(one)
    assert (one.state(T0), one.state(T0 + 1000)) == (InboxState.STORED, InboxState.EXPIRED)
    inbox.advance(StreamPosition("e", 1))
    assert one.state(T0 + 1000) is InboxState.DELIVERED
    one.ended = InboxState.EVICTED
    assert one.state(T0) is InboxState.EVICTED
    assert one.row() == (7, 1, 101, 0, T0, "evicted", 0, 0, 0, "")


def test_a_copy_has_a_place_in_both_streams(inbox: UserInbox) -> None:
    copy = item(inbox, 1).copy()
    assert (copy.epoch, copy.offset, copy.user_id) == ("s", 11, ANNA)
    assert copy.position == StreamPosition("e", 1)


def test_what_passed_the_cursor_after_an_eviction_is_what_is_kept(inbox: UserInbox) -> None:
    for offset in (1, 2, 3):
        inbox.keep(item(inbox, offset))
    inbox.evict()
    passed = inbox.advance(StreamPosition("e", 2))
    assert passed is not None
    assert [one.offset for one in passed] == [2]
    assert inbox.advance(StreamPosition("e", 2)) is None
