"""The model and its protobuf shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid
from notifyd.model.client import Client
from notifyd.model.command import Publish
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, ConnectionId, DeviceId, KeyId, NotificationId, UserId
from notifyd.model.key import ApiKey
from notifyd.model.notification import Kind, Notification, State
from notifyd.model.position import StreamPosition
from notifyd.model.presence import Member
from notifyd.model.publication import Publication
from notifyd.model.receipt import InboxState, Receipt, UserReceipt
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.v1 import admin_pb2, client_pb2, types_pb2
from notifyd.v1.types_pb2 import PublishRequest, Target, UserTarget
from notifyd.wire.rpc import messages as rpc

NOW = 1_769_774_400_123


def notification(**changes: object) -> Notification:
    values = {
        "id": NotificationId("n1"), "client_id": ClientId("default"), "kind": Kind.CHANNEL, "channel": "news",
        "data": b'{"a":"\xc3\xa9"}', "metadata": b"", "priority": 5, "accepted_at": NOW, "due_at": NOW,
        "expires_at": NOW + 1, "order_key": 0,
    }  # fmt: skip
    return Notification(**{**values, **changes})  # type: ignore[arg-type]


def key(**changes: object) -> ApiKey:
    values = {"id": KeyId("k1"), "client_id": ClientId("default"), "name": "n", "digest": "d", "scopes": ("broadcast",)}
    return ApiKey(**{**values, "created_at": NOW, **changes})  # type: ignore[arg-type]


def test_an_empty_client_is_the_default_or_any() -> None:
    assert (rpc.client_of(""), rpc.client_of("x")) == ("default", "x")
    assert (rpc.any_client_of(""), rpc.any_client_of("x")) == (None, "x")


@given(st.integers(1, 253_402_300_799_999))
def test_instants_keep_their_milliseconds(instant: int) -> None:
    message = admin_pb2.CreateKeyRequest(expires_at=rpc.timestamp_of(instant))
    assert rpc.instant_of(message, "expires_at") == instant


def test_never_is_unset() -> None:
    assert rpc.timestamp_of(None) is None
    assert rpc.timestamp_of(0) is None
    assert rpc.instant_of(admin_pb2.CreateKeyRequest(), "expires_at") is None


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253_402_300_800])
def test_instants_outside_of_time_are_refused(seconds: int) -> None:
    message = admin_pb2.CreateKeyRequest()
    message.expires_at.seconds = seconds
    with pytest.raises(Invalid, match="expires_at is not a valid instant"):
        rpc.instant_of(message, "expires_at")


def test_a_plain_request_has_the_defaults() -> None:
    request = PublishRequest(target=Target(channel="news"), data_json=' {"a": 1}\n')
    assert rpc.publish_command(request) == Publish(Kind.CHANNEL, "news", b'{"a": 1}')


def test_every_field_of_a_request_is_read() -> None:
    request = PublishRequest(
        target=Target(broadcast="all"), data_json="1", metadata_json='{"m":1}', priority=0, ttl_ms=0, delay_ms=7,
        idempotency_key="k",
    )  # fmt: skip
    request.deliver_at.FromMilliseconds(NOW)
    request.expires_at.FromMilliseconds(NOW + 5)
    assert rpc.publish_command(request) == Publish(
        Kind.BROADCAST, "all", b"1", b'{"m":1}', priority=0, ttl_ms=0, expires_at=NOW + 5, delay_ms=7, deliver_at=NOW,
        idempotency_key="k",
    )  # fmt: skip


def test_users_are_a_target() -> None:
    request = PublishRequest(target=Target(users=UserTarget(user_ids=["ann", "bob"])), data_json="1")
    command = rpc.publish_command(request)
    assert (command.kind, command.channel, command.users) == (Kind.USERS, "", ("ann", "bob"))


def test_an_empty_label_is_still_a_broadcast() -> None:
    assert rpc.publish_command(PublishRequest(target=Target(broadcast=""), data_json="1")).kind is Kind.BROADCAST


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (PublishRequest(data_json="1"), "invalid_target"),
        (PublishRequest(target=Target(channel="a")), "invalid_json"),
        (PublishRequest(target=Target(channel="a"), data_json="{} {}"), "invalid_json"),
        (PublishRequest(target=Target(channel="a"), data_json="1", metadata_json="x"), "invalid_json"),
        (PublishRequest(target=Target(channel="a"), data_json="[" * 5000 + "]" * 5000), "too_deep"),
    ],
)
def test_requests_that_are_refused(request_: PublishRequest, code: str) -> None:
    with pytest.raises(Invalid) as problem:
        rpc.publish_command(request_)
    assert problem.value.code == code


def test_a_publication_of_a_channel() -> None:
    message = rpc.publication_message(Publication(notification(metadata=b'{"m":1}'), "e", 7))
    assert (message.id, message.channel, message.data_json, message.metadata_json) == (
        "n1", "news", '{"a":"é"}', '{"m":1}'
    )  # fmt: skip
    assert rpc.position_of(message.position) == StreamPosition("e", 7)
    assert message.timestamp.ToMilliseconds() == NOW


def test_a_broadcast_has_no_place() -> None:
    message = rpc.publication_message(Publication(notification(kind=Kind.BROADCAST, channel=""), "", 0))
    assert not message.HasField("channel")
    assert not message.HasField("position")


def test_what_comes_from_an_inbox_has_its_place_there() -> None:
    stamped = notification(kind=Kind.USERS, channel="", users=(UserId("ann"),))
    message = rpc.publication_message(Publication(stamped, "e", 7, UserId("ann"), StreamPosition("i", 3)))
    assert (message.user_id, message.HasField("channel")) == ("ann", False)
    assert rpc.position_of(message.position) == StreamPosition("i", 3)


def test_a_place_in_the_clients_own_stream_is_nobodys_to_resume_from() -> None:
    message = rpc.publication_message(Publication(notification(kind=Kind.BROADCAST, channel=""), "e", 7))
    assert not message.HasField("position")


def test_a_receipt_sums_over_its_users() -> None:
    rows = (
        UserReceipt(UserId("ann"), InboxState.DELIVERED, 1, connections=2),
        UserReceipt(UserId("bob"), InboxState.STORED, 1, pushed=1, failed=2, reason="gone"),
        UserReceipt(UserId("cid"), InboxState.EVICTED, 1, pushed=1),
    )
    receipt = Receipt(
        NotificationId("n1"), ClientId("default"), Kind.USERS, "", 5, State.DEAD, NOW, NOW, NOW + 1, reason="why",
        users=rows, submitted_by="user/ann",
    )  # fmt: skip
    message = rpc.receipt_message(receipt)
    assert (message.stored, message.arrived, message.pushed, message.failed, message.reason) == (1, 1, 2, 2, "why")
    assert [(row.user_id, row.state, row.connections, row.pushed, row.failed, row.reason) for row in message.users] == [
        ("ann", "delivered", 2, 0, 0, ""), ("bob", "stored", 0, 1, 2, "gone"), ("cid", "evicted", 0, 1, 0, ""),
    ]  # fmt: skip
    assert b"user/ann" not in message.SerializeToString()


def client(**changes: object) -> Client:
    return Client(ClientId("c1"), "shop", "sealed", NOW, updated_at=NOW, **changes)  # type: ignore[arg-type]


def test_a_client_is_told_without_its_secrets() -> None:
    message = rpc.client_message(client(previous_secret="sealed-2", previous_until=NOW + 1), now=NOW)
    assert (message.id, message.name, message.HasField("previous_secret_until")) == ("c1", "shop", True)
    assert b"sealed" not in message.SerializeToString()
    assert not rpc.client_message(client(previous_until=NOW), now=NOW).HasField("previous_secret_until")


@pytest.mark.parametrize(("token", "hint"), [("x" * 20, ""), ("x" * 30 + "uvwxyz", "uvwxyz")])
def test_of_a_push_token_a_hint_is_told(token: str, hint: str) -> None:
    device = Device(DeviceId("d1"), ClientId("c1"), UserId("ann"), token, NOW, NOW)
    message = rpc.device_message(device)
    assert (message.id, message.user_id, message.token_hint) == ("d1", "ann", hint)


@pytest.mark.parametrize("recovered", [None, True, False])
def test_events_of_both_contracts_are_the_same_on_the_wire(recovered: bool | None) -> None:
    opening = rpc.opening_event("news", StreamPosition("e", 7), recovered, replayed=3, skipped=1)
    position = types_pb2.StreamPosition(epoch="e", offset=7)
    started = client_pb2.SubscribeStarted(channel="news", position=position, recovered=recovered, replayed=3, skipped=1)
    assert client_pb2.SubscribeEvent.FromString(opening) == client_pb2.SubscribeEvent(started=started)
    publication = Publication(notification(), "e", 7)
    event = client_pb2.SubscribeEvent(publication=rpc.publication_message(publication))
    assert client_pb2.SubscribeEvent.FromString(rpc.listen_event(publication)) == event


def test_a_receipt_is_whole() -> None:
    receipt = Receipt(
        NotificationId("n1"), ClientId("default"), Kind.CHANNEL, "news", 5, State.DISPATCHED, NOW, NOW, NOW + 1,
        settled_at=NOW + 2, attempts=1, delivered=3, epoch="e", offset=9,
    )  # fmt: skip
    message = rpc.receipt_message(receipt)
    assert (message.kind, message.state, message.attempts, message.delivered) == ("channel", "dispatched", 1, 3)
    assert (message.settled_at.ToMilliseconds(), message.position.offset) == (NOW + 2, 9)


def test_acks_and_arrivals_are_counted_together_and_told_in_order() -> None:
    events = (
        TimelineEvent(NOW, Happening.ACCEPTED),
        TimelineEvent(NOW + 1, Happening.ACKED, receiver="audit", attempt=2),
    )
    receipt = Receipt(
        NotificationId("n1"), ClientId("default"), Kind.USERS, "", 5, State.DISPATCHED, NOW, NOW, NOW + 1,
        users=(UserReceipt(UserId("u"), InboxState.DELIVERED, 1),), acked=2, timeline=events,
    )  # fmt: skip
    message = rpc.receipt_message(receipt)
    assert (message.acked, message.arrived) == (3, 1)
    assert [(event.event, event.receiver, event.attempt) for event in message.timeline] == [
        ("accepted", "", 0),
        ("acked", "audit", 2),
    ]


def test_a_subscription_with_acks_learns_its_connection() -> None:
    position = StreamPosition("e", 4)
    told = rpc.opening_event("news", position, None, replayed=2, skipped=0, connection_id="c1")
    for kind, field in ((admin_pb2.ListenEvent, "subscribed"), (client_pb2.SubscribeEvent, "started")):
        opening = getattr(kind.FromString(told), field)
        assert (opening.connection_id, opening.replayed, opening.HasField("recovered")) == ("c1", 2, False)


def test_a_delivery_tells_which_try_it_is() -> None:
    again = Publication(notification(), "e", 1, attempt=3)
    assert rpc.publication_message(again).attempt == 3


def test_a_member_is_told_since_when() -> None:
    message = rpc.member_message(Member(UserId("u"), (ConnectionId("c1"), ConnectionId("c2")), NOW))
    assert (message.user_id, list(message.connection_ids), message.joined_at.ToMilliseconds()) == (
        "u",
        ["c1", "c2"],
        NOW,
    )


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (key(), "active"),
        (key(expires_at=NOW + 1), "active"),
        (key(expires_at=NOW), "expired"),
        (key(expires_at=NOW - 1, revoked_at=NOW - 2), "revoked"),
    ],
)
def test_a_key_tells_how_it_stands(record: ApiKey, status: str) -> None:
    message = rpc.key_message(record, now=NOW)
    assert (message.status, list(message.scopes)) == (status, ["broadcast"])
    assert "digest" not in types_pb2.ApiKey.DESCRIPTOR.fields_by_name


def test_an_overlap_that_is_over_is_not_told() -> None:
    assert rpc.key_message(key(previous_until=NOW + 1), now=NOW).HasField("previous_until")
    assert not rpc.key_message(key(previous_until=NOW), now=NOW).HasField("previous_until")


def test_joined_frames_come_apart() -> None:
    publications = [
        Publication(notification(), "e", 1),
        Publication(notification(kind=Kind.BROADCAST, channel=""), "", 0),
    ]
    events = list(rpc.split_frames(b"".join(map(rpc.listen_frame, publications))))
    assert events == [rpc.listen_event(publication) for publication in publications]
    assert admin_pb2.ListenEvent.FromString(events[0]).publication.position.offset == 1
    assert list(rpc.split_frames(b"")) == []
