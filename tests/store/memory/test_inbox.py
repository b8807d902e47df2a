"""What the port cannot show of the inboxes in memory: what is counted, and that nothing piles up."""

from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.publication import Publication
from notifyd.store.memory.entry import Entry
from notifyd.store.memory.inbox import MemoryInbox
from notifyd.store.options import InboxLimits
from notifyd.telemetry.metrics import Counters
from tests.store.samples import HOUR, T0, for_users, notification

ANNA = UserId("anna")


def inboxes(**limits: float) -> MemoryInbox:
    return MemoryInbox(InboxLimits(**limits), Counters(), base_epoch="e")  # type: ignore[arg-type]


def keep(inbox: MemoryInbox, *users: str, seq: int = 1, ttl: int = HOUR, now: int = T0) -> Entry:
    entry = Entry.of(seq, for_users(*users, ttl=ttl))
    inbox.keep(inbox.place([(entry, Publication(entry.notification, "s", seq))], now=now), now=now)
    return entry


def test_working_out_places_changes_nothing() -> None:
    inbox = inboxes()
    entry = Entry.of(1, for_users(ANNA, "bert"))
    for _ in range(2):
        placing = inbox.place([(entry, Publication(entry.notification, "s", 1))] * 2, now=T0)
        assert [item.offset for _, items in placing.placed for item in items] == [1, 1, 2, 2]
    assert inbox.usage() == (0, 0, 0)
    assert inbox.book.position(DEFAULT_CLIENT, ANNA).offset == 0


def test_only_what_is_for_users_is_placed() -> None:
    entry = Entry.of(1, notification())
    assert inboxes().place([(entry, Publication(entry.notification, "s", 1))], now=T0).placed == []


def test_a_notification_is_kept_as_long_as_any_inbox_keeps_it() -> None:
    inbox = inboxes(max_notifications=1)
    keep(inbox, "anna", "bert", seq=1)
    keep(inbox, "anna", seq=2)
    assert (inbox.keeps(1), inbox.keeps(2)) == (True, True)
    keep(inbox, "bert", seq=3)
    assert (inbox.keeps(1), inbox.keeps(2), inbox.keeps(3)) == (False, True, True)


def test_evictions_of_what_had_not_arrived_are_counted() -> None:
    counters = Counters()
    inbox = MemoryInbox(InboxLimits(max_notifications=1), counters, base_epoch="e")
    keep(inbox, ANNA)
    inbox.advance(DEFAULT_CLIENT, ANNA, inbox.book.position(DEFAULT_CLIENT, ANNA), now=T0)
    keep(inbox, ANNA, ttl=1)
    keep(inbox, ANNA, now=T0 + 1)
    assert counters.inbox_evicted == 0
    keep(inbox, ANNA)
    assert counters.inbox_evicted == 1


@pytest.mark.parametrize("limits", [{"max_notifications": 0}, {"max_notifications": 2}, {"max_bytes": 1}])
def test_what_was_evicted_does_not_pile_up(limits: dict[str, float]) -> None:
    inbox = inboxes(**limits)
    for number in range(200):
        keep(inbox, ANNA, seq=number, now=T0 + number)
    assert len(inbox._ages) <= 1
    assert len(inbox._tally) == inbox.usage()[1] <= 2


def test_users_are_forgotten_some_at_a_time() -> None:
    inbox = inboxes(max_users=32)
    for number in range(1000):
        keep(inbox, f"u{number}")
        assert inbox.usage()[0] <= 32
    # each time costs a generation
    assert inbox.book.generation == (1000 - 32 + 2) // 3
    assert len(inbox._ages) <= 2 * 32 + 64 + 3


def test_users_in_use_outlive_idle_ones() -> None:
    inbox = inboxes(max_users=2)
    for user in ("a", "b", "a", "c"):
        keep(inbox, user)
    assert [info.user_id for info in inbox.book.inboxes()] == ["a", "c"]


def test_what_was_on_its_way_to_a_removed_user_is_let_go_of() -> None:
    inbox = inboxes()
    keep(inbox, ANNA)
    entry = Entry.of(2, for_users(ANNA))
    placing = inbox.place([(entry, Publication(entry.notification, "s", 2))], now=T0)
    assert inbox.forget(DEFAULT_CLIENT, ANNA) == 1
    inbox.keep(placing, now=T0)
    assert (inbox.usage(), inbox.keeps(2)) == ((0, 0, 0), False)
