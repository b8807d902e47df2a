from __future__ import annotations

from msgspec.structs import replace

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState, Receipt, UserReceipt


def test_what_is_not_settled_has_no_place_and_no_counts() -> None:
    receipt = Receipt(NotificationId("n"), ClientId("c"), Kind.CHANNEL, "news", 5, State.WAITING, 1, 2, 3)
    assert (receipt.settled_at, receipt.attempts, receipt.delivered, receipt.epoch, receipt.offset) == (0, 0, 0, "", 0)


def test_the_counts_are_those_of_the_users() -> None:
    rows = (
        UserReceipt(UserId("a"), InboxState.STORED, 1, pushed=2),
        UserReceipt(UserId("b"), InboxState.DELIVERED, 1, pushed=1, failed=3),
        UserReceipt(UserId("c"), InboxState.EVICTED, 1),
    )
    receipt = Receipt(NotificationId("n"), ClientId("c"), Kind.USERS, "", 5, State.DISPATCHED, 1, 2, 3, users=rows)
    assert (receipt.stored, receipt.arrived, receipt.pushed, receipt.failed) == (1, 1, 3, 3)


def test_only_a_place_in_a_channel_is_told() -> None:
    receipt = Receipt(NotificationId("n"), ClientId("c"), Kind.CHANNEL, "news", 5, State.DISPATCHED, 1, 2, 3)
    assert receipt.position is None
    placed = replace(receipt, epoch="e", offset=4)
    assert placed.position == StreamPosition("e", 4)
    assert replace(placed, kind=Kind.USERS).position is None
