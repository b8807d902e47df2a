"""Events of the notification application, and the texts of places."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.wire.namespaces.events import (
    NotificationEncoder,
    Place,
    client_of,
    namespace_of,
    notification_event,
    notification_fields,
    parse_place,
)


def publication(data: bytes = b'{"title":"Hello"}', *, kind: Kind = Kind.BROADCAST, **fields: Any) -> Publication:
    notification = Notification(
        id=NotificationId("n1"),
        client_id=ClientId("shop"),
        kind=kind,
        channel=fields.pop("channel", ""),
        data=data,
        metadata=fields.pop("metadata", b""),
        priority=5,
        accepted_at=0,
        due_at=0,
        expires_at=1,
        order_key=0,
    )
    return Publication(notification, **{"epoch": "e", "offset": 7, **fields})


def fields_of(published: Publication) -> Any:
    return json.loads(notification_fields(published))


OURS = {"notificationId": "n1", "timestamp": "1970-01-01T00:00:00.000Z"}


def test_the_payloads_fields_stand_first_and_ours_behind() -> None:
    assert list(fields_of(publication()).items()) == [("title", "Hello"), *OURS.items()]


@pytest.mark.parametrize("data", [b"5", b"null", b'"text"', b"[1,2]", b"true"])
def test_a_payload_that_is_no_object_is_the_field_data(data: bytes) -> None:
    assert fields_of(publication(data)) == {"data": json.loads(data), **OURS}


def test_the_payload_keeps_what_is_not_needed() -> None:
    told = fields_of(publication(b'{"metadata":1,"channel":2}', metadata=b'{"a":1}', channel="news"))
    assert (told["metadata"], told["channel"]) == (1, 2)


def test_the_id_and_the_time_are_always_ours() -> None:
    told = fields_of(publication(b'{"notificationId":"fake","timestamp":0}'))
    assert (told["notificationId"], told["timestamp"]) == (OURS["notificationId"], OURS["timestamp"])


def test_a_label_and_metadata_are_told() -> None:
    told = fields_of(publication(metadata=b'{"a":1}', channel="news \ud800"))
    assert (told["metadata"], told["channel"]) == ({"a": 1}, "news ?")


def test_what_comes_from_a_channel_says_where_it_stands() -> None:
    told = fields_of(publication(b'{"offset":"mine"}', kind=Kind.CHANNEL, channel="news"))
    assert (told["channel"], told["epoch"], told["offset"]) == ("news", "e", 7)


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    scalars | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_no_payload_loses_anything(value: Any) -> None:
    told = fields_of(publication(msgspec.json.encode(value)))
    expected = value if isinstance(value, dict) else {"data": value}
    assert told == {**OURS, **expected, "notificationId": "n1", "timestamp": OURS["timestamp"]}


def event(namespace: str, name: str, arguments: bytes) -> bytes:
    return b"%b|%b|%b" % (namespace.encode(), name.encode(), arguments)


def test_the_place_is_the_last_argument() -> None:
    live = NotificationEncoder(event, places=True)(publication(b"{}"))
    namespace, name, arguments = live.split(b"|")
    first, last = json.loads(b"[" + arguments + b"]")
    assert (namespace, name, first["notificationId"], last) == (b"/client-shop", b"notification", "n1", "e:7")


@pytest.mark.parametrize(
    "published",
    [
        publication(b"{}", kind=Kind.CHANNEL, channel="news"),
        publication(b"{}", epoch="", offset=0),
    ],
)
def test_what_has_no_place_in_the_clients_stream_has_one_argument(published: Publication) -> None:
    arguments = NotificationEncoder(event, places=True)(published).split(b"|")[2]
    assert len(json.loads(b"[" + arguments + b"]")) == 1


def test_who_does_not_recover_is_told_no_place() -> None:
    assert NotificationEncoder(event, places=False)(publication()).endswith(b'Z"}')
    assert notification_event(publication(), event, None).endswith(b'Z"}')


def test_one_notification_is_encoded_once_however_many_users_have_it() -> None:
    made: list[bytes] = []

    def counting(namespace: str, name: str, arguments: bytes) -> bytes:
        made.append(arguments)
        return arguments

    encode = NotificationEncoder(counting, places=True)
    first = publication(kind=Kind.USERS)
    copies = [
        msgspec.structs.replace(first, user_id=UserId(user), inbox=StreamPosition("i", 1)) for user in ("a", "b", "c")
    ]
    assert len({encode(copy) for copy in copies}) == len(made) == 1
    encode(publication())
    encode(msgspec.structs.replace(first, offset=8))
    assert len(made) == 3


positions = st.builds(
    StreamPosition,
    epoch=st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True),
    offset=st.integers(0, 10**18 - 1),
)


@given(st.builds(Place, stream=positions, inbox=st.none() | positions))
def test_a_place_survives_its_text(place: Place) -> None:
    assert parse_place(place.text()) == place


@given(st.text())
def test_any_other_text_is_no_place(text: str) -> None:
    found = parse_place(text)
    assert found is None or ":" in text


@pytest.mark.parametrize("text", ["", ":", "e:", ":1", "e:1/", "e:1/i", "e:-1", "e:1/i:1/x:1", "e:٣", "e:" + "9" * 19])
def test_these_are_no_places(text: str) -> None:
    assert parse_place(text) is None


def test_namespaces_name_clients() -> None:
    assert client_of(namespace_of(ClientId("shop"))) == "shop"
    assert [client_of(name) for name in ("/", "", "/client-", "client-shop", "/clients")] == [None] * 5
