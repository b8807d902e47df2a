from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid
from notifyd.model.position import StreamPosition
from notifyd.wire import native
from notifyd.wire.native import (
    Ack,
    Authenticate,
    Nack,
    Ping,
    Publish,
    Since,
    Standing,
    Subscribe,
    Unsubscribe,
    parse_message,
    request_id_of,
)
from notifyd.wire.publication import publication_json
from notifyd.wire.websocket.frames import text_frame
from tests.wire.publications import CHANNELS, PUBLICATIONS, TEXTS, VALUES, publication, written

if TYPE_CHECKING:
    from notifyd.model.publication import Publication

REQUEST_IDS = st.none() | st.integers() | TEXTS
HERE = StreamPosition("e1", 7)


def verdict(text: bytes | str) -> str:
    try:
        parse_message(text)
    except Invalid as exc:
        return exc.code
    return "message"


def refused(text: bytes | str) -> Invalid:
    with pytest.raises(Invalid) as problem:
        parse_message(text)
    return problem.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"type": "authenticate", "apiKey": "k"}, Authenticate(api_key="k")),
        ({"type": "authenticate", "token": "t", "requestId": 1}, Authenticate(token="t", request_id=1)),
        ({"type": "subscribe", "channel": "c"}, Subscribe(channel="c")),
        (
            {"type": "subscribe", "channel": "c", "since": {"epoch": "e", "offset": 0}, "ack": True, "requestId": "a"},
            Subscribe(channel="c", since=Since("e", 0), ack=True, request_id="a"),
        ),
        (
            {"type": "subscribe", "channel": "c", "ack": True, "durable": "d"},
            Subscribe(channel="c", ack=True, durable="d"),
        ),
        ({"type": "unsubscribe", "channel": "c"}, Unsubscribe(channel="c")),
        ({"type": "ack", "id": "n1"}, Ack(id="n1")),
        ({"type": "nack", "ids": ["n1", "n2"], "reason": "busy"}, Nack(ids=["n1", "n2"], reason="busy")),
        ({"type": "ping", "unknown": [1]}, Ping()),
    ],
)
def test_messages_of_a_client(text: dict[str, Any], message: native.Message) -> None:
    assert parse_message(json.dumps(text)) == parse_message(json.dumps(text).encode()) == message


@given(CHANNELS, VALUES, st.none() | st.integers(1, 10), REQUEST_IDS)
def test_what_is_published_is_carried_as_it_is(
    channel: str, data: Any, priority: int | None, request_id: native.RequestId
) -> None:
    said = {"type": "publish", "channel": channel, "data": data, "priority": priority, "requestId": request_id}
    message = parse_message(written(said))
    assert isinstance(message, Publish)
    assert (message.channel, message.priority, message.request_id) == (channel, priority, request_id)
    assert (bytes(message.data), bytes(message.metadata)) == (written(data), b"")


@pytest.mark.parametrize("metadata", [b"null", b'{"a": 1}', b"[1]"])
def test_metadata_is_left_to_the_publisher_to_check(metadata: bytes) -> None:
    message = parse_message(b'{"type":"publish","channel":"c","data":1,"metadata":%b}' % metadata)
    assert isinstance(message, Publish)
    assert bytes(message.metadata) == metadata


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        (b"", "invalid_json", "not one JSON object"),
        (b"hello", "invalid_json", "not one JSON object"),
        (b"\xff\xfe", "invalid_json", "not one JSON object"),
        ("\ud800", "invalid_json", "not one JSON object"),
        (b'{"type":"ping"} {}', "invalid_json", "trailing"),
        (b'{"type":"publish","channel":"c","data":[01]}', "invalid_json", "invalid number"),
        (b'{"type":"publish","channel":"c","data":' + b"[" * 100_000, "invalid_json", "nested too deep"),
        (b"[]", "invalid_message", "Expected `object`, got `array`"),
        (b"{}", "unknown_type", "known are authenticate, subscribe, unsubscribe, ping, publish"),
        (b'{"type":"dance"}', "unknown_type", "Invalid value 'dance'"),
        (b'{"type":1}', "unknown_type", "unknown or missing type"),
        (b'{"type":"subscribe"}', "invalid_message", "missing required field `channel`"),
        (b'{"type":"subscribe","channel":1}', "invalid_message", r"at `\$.channel`"),
        (b'{"type":"subscribe","channel":"c","since":{"epoch":"e","offset":-1}}', "invalid_message", "since.offset"),
        (b'{"type":"ping","requestId":1.5}', "invalid_message", "requestId"),
        (b'{"type":"subscribe","channel":"c","ack":true,"durable":""}', "invalid_message", "durable"),
        (b'{"type":"ack","ids":[]}', "invalid_message", "ids"),
        (b'{"type":"nack","ids":[' + b",".join([b'"a"'] * 1001) + b"]}", "invalid_message", "ids"),
    ],
)
def test_what_is_wrong_is_said(text: bytes | str, code: str, why: str) -> None:
    problem = refused(text)
    assert problem.code == code
    with pytest.raises(Invalid, match=why):
        raise problem


PIECES = st.sampled_from(
    [b"{", b"}", b"[", b"]", b":", b",", b'"', b'"type"', b'"ping"', b'"publish"', b'"data"', b"1e9", b"\xff", b"\\ud8"]
)


@given(st.binary(max_size=40) | st.lists(PIECES, max_size=12).map(b"".join))
def test_bytes_of_any_kind_are_a_message_or_refused(text: bytes) -> None:
    request_id_of(text)
    assert verdict(text) in ("message", "invalid_json", "unknown_type", "invalid_message")


@given(st.text(alphabet=st.characters()))
def test_texts_of_any_kind_are_a_message_or_refused(text: str) -> None:
    request_id_of(text)
    json.loads(native.error("c", refused(text).message, None))


@given(REQUEST_IDS)
def test_the_request_id_of_a_refused_message_is_found(request_id: native.RequestId) -> None:
    assert request_id_of(written({"requestId": request_id, "type": "dance"})) == request_id


@pytest.mark.parametrize("text", [b"", b"[]", b'{"requestId":[]}', b'{"requestId":"a"', b'{"a":' + b"[" * 100_000])
def test_where_it_cannot_be_made_out_there_is_none(text: bytes) -> None:
    assert request_id_of(text) is None


def said(message: bytes) -> Any:
    """What a client reads: one line of JSON."""
    assert b"\n" not in message
    return json.loads(message)


def test_the_greeting_asks_for_a_credential() -> None:
    assert said(native.connected("c1")) == {
        "type": "connected",
        "connectionId": "c1",
        "message": "Please authenticate with your API key",
    }


def test_answers_without_a_request_id() -> None:
    assert said(native.authenticated(None)) == {
        "type": "authenticated",
        "success": True,
        "message": "Successfully authenticated",
    }
    assert said(native.authenticated(None, ["a", 'b"']))["unsubscribed"] == ["a", 'b"']
    assert said(native.pong(None)) == {"type": "pong"}


@given(CHANNELS, REQUEST_IDS)
def test_the_answer_to_a_subscribe_tells_the_position(channel: str, request_id: native.RequestId) -> None:
    answer = said(native.subscribed(channel, Standing(HERE), request_id))
    assert answer.pop("requestId", None) == request_id
    assert answer == {"type": "subscribed", "channel": channel, "position": {"epoch": "e1", "offset": 7}}


@pytest.mark.parametrize("recovered", [True, False])
def test_the_answer_to_a_resume_tells_how_it_went(recovered: bool) -> None:
    answer = said(native.subscribed("c", Standing(HERE, recovered, replayed=3, skipped=1), None))
    assert (answer["recovered"], answer["replayed"], answer["skipped"]) == (recovered, 3, 1)
    assert "ack" not in answer


@pytest.mark.parametrize("seconds", [0.1, 30.0, 86_400.0])
def test_who_is_to_ack_is_told_how_long_that_may_take(seconds: float) -> None:
    standing = Standing(HERE, ack_seconds=seconds)
    for answer in (
        native.subscribed("c", standing, None),
        native.authenticated(None, user=native.User("u", None), inbox=standing),
    ):
        assert (said(answer)["ack"], said(answer)["ackSeconds"]) == (True, seconds)


def test_the_answer_to_an_ack_names_what_was_acked() -> None:
    assert said(native.acked(Ack(id='a"', request_id=1), 1, ())) == {
        "type": "acked",
        "id": 'a"',
        "acked": 1,
        "requestId": 1,
    }
    assert said(native.acked(Ack(ids=["a", "b"]), 1, ["b"])) == {
        "type": "acked",
        "ids": ["a", "b"],
        "acked": 1,
        "unknown": ["b"],
    }


def test_the_answer_to_a_nack_names_what_comes_again() -> None:
    assert said(native.nacked(Nack(id="a"), 1, ())) == {"type": "nacked", "id": "a", "nacked": 1}
    assert said(native.nacked(Nack(ids=["a", "b"]), 0, ["a", "b"]))["unknown"] == ["a", "b"]


@given(CHANNELS, REQUEST_IDS)
def test_every_answer_echoes_the_request_id(channel: str, request_id: native.RequestId) -> None:
    answers = [
        native.authenticated(request_id),
        native.unsubscribed(channel, request_id),
        native.pong(request_id),
        native.published("n1", "os", request_id),
        native.error("code", channel, request_id),
    ]
    assert [said(answer).get("requestId") for answer in answers] == [request_id] * 5


def test_the_receipt_of_a_publish() -> None:
    assert said(native.published("n1", "fsync", None)) == {
        "type": "published",
        "notificationId": "n1",
        "status": "accepted",
        "durability": "fsync",
    }


def test_a_refusal_tells_when_to_try_again_where_that_helps() -> None:
    assert said(native.error("c", 'a "b"\n', None)) == {"type": "error", "code": "c", "message": 'a "b"\n'}
    assert said(native.error("c", "m", None, retry_after_seconds=1.5))["retryAfter"] == 1.5


@given(PUBLICATIONS)
def test_a_delivery_is_one_frame_around_the_publication(publication: Publication) -> None:
    text = b'{"type":"notification","notification":%b}' % publication_json(publication)
    assert native.notification_frame(publication) == text_frame(text)
    assert said(text)["type"] == "notification"


def test_a_delivery_of_many_bytes_is_one_frame_too() -> None:
    large = publication("news", b'"%b"' % (b"x" * 70_000))
    assert native.notification_frame(large).endswith(publication_json(large) + b"}")
