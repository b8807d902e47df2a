"""The bodies of the REST interface, as they are read and written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from notifyd.wire.rest import bodies as rest


def read(body: Any, kind: type[Any] = rest.NotificationBody) -> Any:
    return msgspec.json.decode(msgspec.json.encode(body), type=kind)


def test_the_documented_notification_is_read() -> None:
    body = read({"channel": "c", "data": {"a": [1]}, "priority": 5, "metadata": {}})
    assert (body.channel, bytes(body.data), body.priority, bytes(body.metadata)) == ("c", b'{"a":[1]}', 5, b"{}")


def test_what_is_absent_has_no_value() -> None:
    body = read({"channel": "c", "data": None})
    assert (bytes(body.data), body.priority, bytes(body.metadata), body.ttl) == (b"null", None, b"", None)


def test_metadata_may_be_null() -> None:
    assert bytes(read({"channel": "c", "data": 1, "metadata": None}).metadata) == b"null"


def test_unknown_fields_are_ignored() -> None:
    assert read({"channel": "c", "data": 1, "colour": "red"}).channel == "c"


def test_data_is_carried_byte_for_byte() -> None:
    text = b'{"data": {"b" : 1.50, "a":"\\u00e9"} ,"channel":"c"}'
    assert bytes(msgspec.json.decode(text, type=rest.NotificationBody).data) == b'{"b" : 1.50, "a":"\\u00e9"}'


def test_instants_need_an_offset() -> None:
    body = read({"channel": "c", "data": 1, "deliverAt": "2026-01-01T02:00:00+02:00"})
    assert body.deliver_at == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(msgspec.ValidationError, match=r"timezone component - at `\$\.deliverAt`"):
        read({"channel": "c", "data": 1, "deliverAt": "2026-01-01T02:00:00"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", 0),
        ("priority", 11),
        ("priority", 1.5),
        ("ttl", 0),
        ("ttl", 4 * 10**12),
        ("delay", -1),
        ("ttl", "1"),
    ],
)
def test_a_number_out_of_its_range_is_named(field: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{field}"):
        read({"channel": "c", "data": 1, field: value})


def test_the_longest_time_to_live_names_an_instant_that_can_be_written() -> None:
    body = read({"channel": "c", "data": 1, "ttl": 3_155_760_000_000})
    assert datetime.fromtimestamp(datetime.now(UTC).timestamp() + body.ttl / 1000, UTC).year < 9999


def test_a_wrong_entry_of_a_batch_is_named() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.notifications\[1\]"):
        read({"notifications": [{"channel": "c", "data": 1}, {"channel": "c"}]}, rest.BatchBody)


def test_a_broadcast_needs_no_channel() -> None:
    assert read({"data": 1}, rest.BroadcastBody).channel is None


def test_an_error_is_written_as_documented() -> None:
    written = msgspec.json.encode(rest.ErrorAnswer(error=rest.Problem("code", "message", "id")))
    assert written == b'{"success":false,"error":{"code":"code","message":"message","requestId":"id"}}'


def test_receipts_are_written_as_documented() -> None:
    written = msgspec.json.encode(rest.Accepted(notification_id="n", durability="fsync"))
    assert written == b'{"success":true,"notificationId":"n","status":"accepted","durability":"fsync"}'
