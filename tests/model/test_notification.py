from __future__ import annotations

from notifyd.model.ids import ClientId, NotificationId
from notifyd.model.notification import Kind, Notification
from notifyd.model.publication import Publication

NOTIFICATION = Notification(
    NotificationId("n"), ClientId("c"), Kind.CHANNEL, "news", b"12345", b"{}", 5, 1000, 1000, 2000, 0
)


def test_it_is_expired_from_its_instant_on() -> None:
    assert not NOTIFICATION.expired(1999)
    assert NOTIFICATION.expired(2000)


def test_its_size_counts_what_it_carries_and_what_it_costs() -> None:
    assert NOTIFICATION.size() == 5 + 2 + 4 + 200


def test_only_channels_have_places() -> None:
    broadcast = Notification(NotificationId("n"), ClientId("c"), Kind.BROADCAST, "", b"1", b"", 5, 1000, 1000, 2000, 0)
    assert Publication(NOTIFICATION, "e", 1).stamped
    assert not Publication(broadcast, "", 0).stamped
