from __future__ import annotations

from notifyd.model.ids import ClientId, NotificationId
from notifyd.model.notification import Kind, State
from notifyd.model.receipt import Receipt


def test_what_is_not_settled_has_no_place_and_no_counts() -> None:
    receipt = Receipt(NotificationId("n"), ClientId("c"), Kind.CHANNEL, "news", 5, State.WAITING, 1, 2, 3)
    assert (receipt.settled_at, receipt.attempts, receipt.delivered, receipt.epoch, receipt.offset) == (0, 0, 0, "", 0)
