from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifyd.errors import Denied, Invalid, TooLarge
from notifyd.model.command import Publish
from notifyd.model.ids import ClientId, KeyId, NotificationId
from notifyd.model.notification import Kind, Notification
from notifyd.model.principal import Grants, Principal, operator
from notifyd.policy.publishing.publish import (
    FRAME_OVERHEAD_BYTES,
    MAX_LIFE_MS,
    PublishRules,
    check_grant,
    check_idempotency_key,
    fingerprint,
    notification_of,
)

NOW = 1_800_000_000_000
RULES = PublishRules(
    message_expiry_ms=1000,
    ageing_ms=60_000,
    max_schedule_ms=5000,
    max_data_bytes=64,
    max_data_depth=3,
    max_channel_length=20,
)
KEY = Principal(ClientId("shop"), KeyId("key_1"), Grants(publish=("orders.*",)))


def command(channel: str = "orders.1", kind: Kind = Kind.CHANNEL, **fields: Any) -> Publish:
    return Publish(kind, channel, **{"data": b"1", **fields})


def made(**fields: Any) -> Notification:
    return notification_of(command(**fields), KEY, NotificationId("n"), now=NOW, rules=RULES)


def test_a_key_publishes_within_its_scope() -> None:
    check_grant(KEY, command("orders.1"))
    with pytest.raises(Denied, match=r"to 'other': it needs the scope publish:other") as refused:
        check_grant(KEY, command("other"))
    assert refused.value.code == "scope_missing"


def test_a_broadcast_needs_its_own_scope() -> None:
    broadcast = command("orders.1", Kind.BROADCAST)
    check_grant(operator(ClientId("shop")), broadcast)
    with pytest.raises(Denied, match="needs the scope broadcast"):
        check_grant(KEY, broadcast)


def test_what_is_not_said_comes_from_the_rules_and_the_credential() -> None:
    assert made() == Notification(
        id=NotificationId("n"),
        client_id=ClientId("shop"),
        kind=Kind.CHANNEL,
        channel="orders.1",
        data=b"1",
        metadata=b"",
        priority=5,
        accepted_at=NOW,
        due_at=NOW,
        expires_at=NOW + 1000,
        order_key=NOW - 5 * 60_000,
        submitted_by="key_1",
    )


def test_metadata_is_an_object_or_absent() -> None:
    assert made(metadata=b' {"a":1}').metadata == b' {"a":1}'
    assert made(metadata=b"null").metadata == b""
    with pytest.raises(Invalid, match="metadata must be a JSON object"):
        made(metadata=b"[1]")


def test_a_broadcast_needs_no_label_and_may_have_one() -> None:
    assert made(kind=Kind.BROADCAST, channel="").channel == ""
    assert made(kind=Kind.BROADCAST, channel="all").channel == "all"
    with pytest.raises(Invalid, match="at most 20"):
        made(kind=Kind.BROADCAST, channel="x" * 21)


@pytest.mark.parametrize(
    ("fields", "due_at"),
    [
        ({"delay_ms": 0}, NOW),
        ({"delay_ms": 5000}, NOW + 5000),
        ({"deliver_at": NOW + 7}, NOW + 7),
        ({"deliver_at": 0}, NOW),
        ({"deliver_at": NOW - 7}, NOW),
    ],
)
def test_a_schedule_is_a_length_or_an_instant(fields: dict[str, int], due_at: int) -> None:
    notification = made(**fields)
    assert (notification.due_at, notification.expires_at) == (due_at, due_at + 1000)
    assert notification.order_key == due_at - 5 * 60_000


@pytest.mark.parametrize(
    ("fields", "expires_at"),
    [
        ({"ttl_ms": 1}, NOW + 1),
        ({"ttl_ms": 7, "delay_ms": 100}, NOW + 107),
        ({"ttl_ms": MAX_LIFE_MS}, NOW + MAX_LIFE_MS),
        ({"expires_at": NOW + 1}, NOW + 1),
        ({"expires_at": NOW + 101, "delay_ms": 100}, NOW + 101),
    ],
)
def test_an_expiry_is_a_length_or_an_instant(fields: dict[str, int], expires_at: int) -> None:
    assert made(**fields).expires_at == expires_at


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"priority": 0}, "priority is 0, it must be 1 to 10"),
        ({"priority": 11}, "priority is 11, it must be 1 to 10"),
        ({"channel": ""}, "channel must not be empty"),
        ({"channel": "x" * 21}, "has 21 characters, at most 20"),
        ({"data": b"[[[[]]]]"}, "data is nested deeper than 3"),
        ({"metadata": b'{"a":[[[]]]}'}, "metadata is nested deeper than 3"),
        ({"delay_ms": 1, "deliver_at": NOW + 1}, "give delay or deliverAt, not both"),
        ({"delay_ms": -1}, "delay is negative"),
        ({"delay_ms": 5001}, "scheduled too far ahead: at most 5000 ms"),
        ({"deliver_at": NOW + 5001}, "scheduled too far ahead"),
        ({"ttl_ms": 1, "expires_at": NOW + 1}, "give ttl or expiresAt, not both"),
        ({"ttl_ms": 0}, "ttl must be positive"),
        ({"ttl_ms": MAX_LIFE_MS + 1}, "ttl is over a hundred years"),
        ({"expires_at": NOW}, "expiresAt is in the past"),
        ({"expires_at": NOW + 100, "delay_ms": 100}, "expiresAt is not after deliverAt"),
        ({"expires_at": NOW + MAX_LIFE_MS + 1}, "expiresAt is over a hundred years ahead"),
    ],
)
def test_contradictions_and_values_out_of_range_are_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        made(**fields)


@pytest.mark.parametrize(
    ("field", "value"), [("data", b'"%b"' % (b"x" * 63)), ("metadata", b'{"a":"%b"}' % (b"x" * 60))]
)
def test_data_and_metadata_are_bounded_each(field: str, value: bytes) -> None:
    with pytest.raises(TooLarge, match=rf"{field} has \d+ bytes, at most 64 are allowed"):
        made(**{field: value})


@given(
    st.integers(1, 10), st.integers(-10, 10**14) | st.none(), st.integers(-10, 10**14) | st.none(), st.integers(0, 6000)
)
def test_what_is_made_is_due_before_it_expires(
    priority: int, ttl_ms: int | None, expires_in: int | None, delay_ms: int
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    try:
        notification = made(priority=priority, ttl_ms=ttl_ms, expires_at=expires_at, delay_ms=delay_ms)
    except Invalid:
        return
    assert NOW <= notification.due_at < notification.expires_at < 1 << 53


@pytest.mark.parametrize("key", ["k", "a b", "x" * 255, "~!"])
def test_an_idempotency_key_is_printable_ascii(key: str) -> None:
    assert check_idempotency_key(key) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\n", "\x7f"])
def test_other_idempotency_keys_are_refused(key: str) -> None:
    with pytest.raises(Invalid, match="1 to 255 printable ASCII") as refused:
        check_idempotency_key(key)
    assert refused.value.code == "invalid_idempotency_key"


def test_the_fingerprint_is_that_of_the_first_version() -> None:
    body = b'{"n": 1}'
    command = Publish(Kind.CHANNEL, "orders", body, b'{"from": "fixture"}', idempotency_key="order-1", request_id="r")
    # as 0.1.0 has kept it
    assert fingerprint(command) == "5991b072d30a1f5d8e95c06b34df912c31fc2d192f57915b44c26697edc6e21a"


def test_the_fingerprint_is_of_everything_but_the_key() -> None:
    first = command(idempotency_key="a")
    assert fingerprint(first) == fingerprint(replace(first, idempotency_key="b"))
    others = [
        replace(first, data=b"2"),
        replace(first, priority=6),
        replace(first, ttl_ms=1),
        replace(first, channel="x"),
    ]
    assert len({fingerprint(each) for each in [first, *others]}) == 5


def test_data_and_metadata_together_fit_the_outbox() -> None:
    rules = replace(RULES, max_frame_bytes=FRAME_OVERHEAD_BYTES + 4 * len("orders.1") + 20)
    largest = command(data=b'"8bytes"', metadata=b'{"m":"12by"}')
    notification_of(largest, KEY, NotificationId("n"), now=NOW, rules=rules)
    one_more = replace(largest, data=b'"9_bytes"')
    with pytest.raises(TooLarge, match="data and metadata have 21 bytes together, at most 20 are allowed"):
        notification_of(one_more, KEY, NotificationId("n"), now=NOW, rules=rules)
