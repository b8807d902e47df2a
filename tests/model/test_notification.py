from __future__ import annotations

from msgspec.structs import replace

from notifyd.model.ids import ClientId, ConnectionId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication

NOTIFICATION = Notification(
    NotificationId("n"), ClientId("c"), Kind.CHANNEL, "news", b"12345", b"{}", 5, 1000, 1000, 2000, 0
)


def test_it_is_expired_from_its_instant_on() -> None:
    assert not NOTIFICATION.expired(1999)
    assert NOTIFICATION.expired(2000)


def test_its_size_counts_what_it_carries_and_what_it_costs() -> None:
    assert NOTIFICATION.size() == 5 + 2 + 4 + 200


def test_whom_it_names_counts_too() -> None:
    named = replace(NOTIFICATION, users=(UserId("ann"),), connections=(ConnectionId("c1"), ConnectionId("c2")))
    assert named.size() == NOTIFICATION.size() + 3 + 4


def test_what_has_no_channel_is_in_the_clients_own_stream() -> None:
    broadcast = replace(NOTIFICATION, kind=Kind.BROADCAST)
    assert (NOTIFICATION.stream, broadcast.stream) == (NOTIFICATION.channel, "")


def test_a_receiver_resumes_from_the_channel_or_from_the_inbox() -> None:
    to_users = replace(NOTIFICATION, kind=Kind.USERS, users=(UserId("ann"),))
    inbox = StreamPosition("i", 7)
    assert Publication(NOTIFICATION, "e", 1).position == StreamPosition("e", 1)
    assert Publication(NOTIFICATION, "", 0).position is None
    assert Publication(replace(NOTIFICATION, kind=Kind.BROADCAST), "e", 1).position is None
    assert Publication(to_users, "e", 1, UserId("ann"), inbox).position == inbox


def test_a_log_record_names_what_its_producer_knows() -> None:
    assert NOTIFICATION.log_fields() == {"notification_id": "n"}
    push = replace(NOTIFICATION, kind=Kind.PUSH, parent=NotificationId("p"), request_id="r")
    assert push.log_fields() == {"notification_id": "p", "request_id": "r"}
    assert push.size() == NOTIFICATION.size() + 1
