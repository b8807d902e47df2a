"""Engine.IO's packets, against python-engineio and against nonsense."""

from __future__ import annotations

import json

import pytest
from engineio.packet import Packet
from engineio.payload import Payload
from hypothesis import given
from hypothesis import strategies as st

from notifyd.wire.socketio.engineio import (
    BAD_REQUEST,
    BINARY,
    MESSAGE,
    EngineRules,
    PacketInvalid,
    from_base64,
    open_packet,
    packets,
    polling_binary,
    polling_packet,
    polling_text,
    refusal_body,
    split,
    to_frames,
    websocket_binary,
    websocket_packet,
    websocket_text,
)
from notifyd.wire.websocket.frames import binary_frame, text_frame

# what may stand in a message over polling: the separator is escaped by JSON, and lone surrogates are no UTF-8
TEXT = st.text(st.characters(exclude_characters="\x1e", exclude_categories=("Cs",)))
MESSAGES = st.lists(TEXT | st.binary(), min_size=1, max_size=10)


def piece(message: str | bytes) -> bytes:
    return polling_binary(message) if isinstance(message, bytes) else polling_text(message.encode())


@given(MESSAGES)
def test_payloads_come_back(messages: list[str | bytes]) -> None:
    pieces = b"".join(map(piece, messages))
    assert list(packets(pieces[:-1])) == [
        (BINARY, message) if isinstance(message, bytes) else (MESSAGE, message.encode()) for message in messages
    ]


@given(MESSAGES)
def test_python_engineio_writes_what_we_write(messages: list[str | bytes]) -> None:
    theirs = Payload([Packet(4, data=message) for message in messages]).encode()
    assert theirs.encode() == b"".join(map(piece, messages))[:-1]


@given(MESSAGES)
def test_pieces_become_frames(messages: list[str | bytes]) -> None:
    frames = [
        binary_frame(message) if isinstance(message, bytes) else text_frame(b"4" + message.encode())
        for message in messages
    ]
    assert to_frames(b"".join(map(piece, messages)) + polling_packet(b"2")) == b"".join(frames) + text_frame(b"2")


@given(st.binary())
def test_any_bytes_are_packets_or_refused(body: bytes) -> None:
    given_ones = []
    try:
        for packet in packets(body):
            given_ones.append(packet)  # noqa: PERF402 - those before the wrong one count too
    except PacketInvalid:
        pass
    else:
        assert len(given_ones) == body.count(b"\x1e") + 1
    for kind, data in given_ones:
        assert kind in b"0123456b"
        assert kind == BINARY or b"\x1e" not in data


@pytest.mark.parametrize(
    "body", [b"", b"\x1e", b"4a\x1e", b"\x1e4a", b"4a\x1e\x1e4b", b"7", b"a", b" 4", b"\xff", b"4\xc3"]
)
def test_what_is_no_payload(body: bytes) -> None:
    with pytest.raises(PacketInvalid):
        list(packets(body))


def test_packets_before_a_wrong_one_are_given() -> None:
    reading = packets(b"4a\x1e4b\x1ex")
    assert [next(reading), next(reading)] == [(MESSAGE, b"a"), (MESSAGE, b"b")]
    with pytest.raises(PacketInvalid):
        next(reading)


@pytest.mark.parametrize("text", [b"=", b"AQI", b"A", b"AQ==AQ==", b"A\nQI=", b"-_==", "é".encode()])
def test_what_is_no_base64(text: bytes) -> None:
    with pytest.raises(PacketInvalid):
        from_base64(text)


def test_nothing_is_an_empty_message() -> None:
    assert from_base64(b"") == b""


@given(st.binary())
def test_a_websocket_message_is_split_or_refused(packet: bytes) -> None:
    try:
        kind, data = split(packet)
    except PacketInvalid:
        assert packet[:1] not in (b"0", b"1", b"2", b"3", b"4", b"5", b"6")
    else:
        assert bytes((kind,)) + data == packet


def test_binary_has_its_own_frames_on_websocket() -> None:
    with pytest.raises(PacketInvalid):
        split(b"bAQI=")


def test_frames() -> None:
    assert websocket_text(b"a") == text_frame(b"4a")
    assert websocket_binary(b"a") == binary_frame(b"a")
    assert websocket_packet(b"2") == text_frame(b"2")


def test_the_open_packet_has_five_keys() -> None:
    packet = open_packet("sid", EngineRules(0.3, 0.2, 1_000_000), upgrades=True)
    assert json.loads(packet[1:]) == {
        "sid": "sid",
        "upgrades": ["websocket"],
        "pingInterval": 300,
        "pingTimeout": 200,
        "maxPayload": 1_000_000,
    }
    assert packet[:1] == b"0"
    assert json.loads(open_packet("", EngineRules(), upgrades=False)[1:])["upgrades"] == []


def test_refusals_are_json() -> None:
    assert json.loads(refusal_body(BAD_REQUEST)) == {"code": 3, "message": "Bad request"}
    assert json.loads(refusal_body(4, b"no")) == {"code": 4, "message": "no"}
