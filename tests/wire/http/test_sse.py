"""Server-Sent Events, byte for byte."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid
from notifyd.model.ids import DEFAULT_CLIENT, NotificationId
from notifyd.model.notification import Kind, Notification
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.wire.http.sse import (
    HEARTBEAT,
    Beginning,
    ending_event,
    event_id,
    notification_body,
    notification_event,
    parse_event_id,
    subscribed_event,
    with_id,
)
from notifyd.wire.publication import publication_json
from tests.wire.publications import PUBLICATIONS

HERE = StreamPosition("e1", 7)


def publication(offset: int, kind: Kind = Kind.CHANNEL) -> Publication:
    notification = Notification(
        NotificationId("n"), DEFAULT_CLIENT, kind, "c", b'{"a":"\\n"}', b"", 5, 1_000, 1_000, 9_000, 0
    )
    return Publication(notification, "e1" if offset else "", offset)


def test_a_delivery_has_its_position_as_its_id() -> None:
    written = notification_event(publication(7))
    assert written == b"id: e1:7\nevent: notification\ndata: " + publication_json(publication(7)) + b"\n\n"


def test_a_broadcast_has_no_id() -> None:
    assert notification_event(publication(0, Kind.BROADCAST)).startswith(b"event: notification\ndata: {")


def test_an_event_is_one_line_of_data() -> None:
    assert notification_event(publication(7)).count(b"\n") == 4


@pytest.mark.parametrize("position", [HERE, StreamPosition("with:colon", 0)])
def test_ids_are_read_back(position: StreamPosition) -> None:
    assert parse_event_id(event_id(position)) == position


@pytest.mark.parametrize("text", ["", "7", ":7", "e1:", "e1:-1", "e1:x", "e1:\u0663", "e1:" + "9" * 19])
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="EPOCH:OFFSET") as refused:
        parse_event_id(text)
    assert refused.value.code == "invalid_position"


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(Invalid, match=r"since .* is not of the form"):
        parse_event_id("x", "since")


@pytest.mark.parametrize(("recovered", "word"), [(None, b"null"), (True, b"true"), (False, b"false")])
def test_the_first_event_tells_where_it_starts(recovered: bool | None, word: bytes) -> None:
    assert subscribed_event(Beginning("c-1", HERE, recovered)) == (
        b'id: e1:7\nevent: subscribed\ndata: {"connectionId":"c-1","position":{"epoch":"e1","offset":7},"recovered":'
        + word
        + b"}\n\n"
    )


def test_before_a_replay_the_id_is_where_the_replay_starts() -> None:
    written = subscribed_event(Beginning("c-1", HERE, True, resumes=StreamPosition("e1", 3)))
    assert written.startswith(b"id: e1:3\n")
    assert b'"offset":7' in written


def test_who_has_to_ack_is_told_how_long_that_may_take() -> None:
    assert b',"recovered":null,"ack":true,"ackSeconds":2.5}' in subscribed_event(
        Beginning("c-1", HERE, None, ack_seconds=2.5)
    )


def test_a_delivery_may_have_another_place_to_go_on_from() -> None:
    event = notification_body(publication(7))
    assert with_id(StreamPosition("e1", 3), event) == b"id: e1:3\n" + event
    assert with_id(HERE, event) == notification_event(publication(7))


def test_the_last_event_says_why_and_when_to_come_back() -> None:
    assert ending_event("two\nlines") == b"retry: 2000\nevent: ending\ndata: two lines\n\n"


def test_a_heartbeat_is_a_comment() -> None:
    assert HEARTBEAT.startswith(b":")
    assert HEARTBEAT.endswith(b"\n\n")


@given(st.text(min_size=1), st.integers(0, 10**18 - 1))
def test_every_position_is_read_back_from_its_id(epoch: str, offset: int) -> None:
    assert parse_event_id(event_id(StreamPosition(epoch, offset))) == StreamPosition(epoch, offset)


@given(st.text(alphabet=st.characters()))
def test_an_id_of_any_kind_is_a_position_or_refused(text: str) -> None:
    with suppress(Invalid):
        assert event_id(parse_event_id(text)).startswith(text[: text.rfind(":")])


@given(PUBLICATIONS)
def test_no_delivery_breaks_out_of_its_event(publication: Publication) -> None:
    event = notification_event(publication)
    assert event.endswith(b"\n\n")
    assert event.count(b"\n") == (4 if publication.offset else 3)
    assert b"\r" not in event


@given(st.text(alphabet=st.characters()))
def test_no_reason_breaks_out_of_the_last_event(reason: str) -> None:
    event = ending_event(reason)
    assert event.count(b"\n") == 4
    assert b"\r" not in event
