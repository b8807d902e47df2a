"""Socket.IO's packets, against python-socketio and against nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from socketio.packet import Packet as Theirs

from notifyd.wire.socketio.engineio import PacketInvalid
from notifyd.wire.socketio.packets import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    DISCONNECT,
    EVENT,
    RESERVED_EVENTS,
    Packet,
    PacketLimits,
    ack_packet,
    connect_error_packet,
    connect_packet,
    decode,
    deconstruct,
    disconnect_packet,
    event_packet,
    polling_event,
    reconstruct,
    websocket_event,
)
from notifyd.wire.websocket.frames import binary_frame, text_frame

LIMITS = PacketLimits()
# without lone surrogates, which UTF-8 cannot say
NAMES = st.text(st.characters(exclude_categories=("Cs",)))
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    LEAVES | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
WITH_BYTES = st.recursive(
    LEAVES | NAMES | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES.filter(lambda name: name != "_placeholder"), inner)
    ),
    max_leaves=8,
)
EVENTS = NAMES.filter(lambda name: name not in RESERVED_EVENTS)
NAMESPACES = st.sampled_from(["/", "/a", "/client-default", "/a?b=c&d", "/ü"])
IDS = st.none() | st.integers(0, 2**53 - 1)


@given(NAMESPACES, EVENTS, st.lists(WITH_BYTES, max_size=4), IDS)
def test_events_come_back(namespace: str, event: str, arguments: list[Any], number: int | None) -> None:
    outgoing = event_packet(namespace, event, arguments, number)
    limits = PacketLimits(max_attachments=100)
    packet = decode(outgoing.text, limits)
    assert packet.attachments == len(outgoing.buffers)
    assert packet.type == (BINARY_EVENT if outgoing.buffers else EVENT)
    assert (packet.namespace, packet.id) == (namespace, number)
    assert reconstruct(packet.data, outgoing.buffers) == [event, *arguments]


@given(NAMESPACES, EVENTS, st.lists(JSON, max_size=4), IDS)
def test_python_socketio_reads_what_we_write(
    namespace: str, event: str, arguments: list[Any], number: int | None
) -> None:
    theirs = Theirs(encoded_packet=event_packet(namespace, event, arguments, number).text.decode())
    # their decoder takes the query off a namespace, as servers of older protocols did
    assert (theirs.namespace or "/") == namespace.partition("?")[0]
    assert (theirs.packet_type, theirs.data, theirs.id) == (EVENT, [event, *arguments], number)


@given(NAMESPACES.filter(lambda name: "?" not in name), st.lists(WITH_BYTES, max_size=3), st.integers(0, 2**53 - 1))
def test_we_read_what_python_socketio_writes(namespace: str, arguments: list[Any], number: int) -> None:
    encoded = Theirs(ACK, data=arguments, namespace=namespace, id=number).encode()
    text, *buffers = encoded if isinstance(encoded, list) else [encoded]
    packet = decode(text.encode(), PacketLimits(max_attachments=100))
    assert packet.type == (BINARY_ACK if buffers else ACK)
    assert (packet.namespace, packet.id) == (namespace, number)
    assert reconstruct(packet.data, buffers) == arguments


@given(st.binary() | st.from_regex(rb"\A[0-7][0-9]{0,3}-?(/[a-z?=]*,?)?[0-9]*[\[{\"]?.{0,20}", fullmatch=True))
def test_any_text_is_a_packet_or_refused(text: bytes) -> None:
    try:
        packet = decode(text, LIMITS)
    except PacketInvalid:
        return
    assert packet.type == text[0] - ord("0")
    assert packet.namespace.startswith("/")
    assert packet.id is None or 0 <= packet.id < 2**53
    assert 0 <= packet.attachments <= 10


@given(JSON, st.lists(st.binary(), max_size=3))
def test_any_payload_is_reconstructed_or_refused(data: Any, buffers: list[bytes]) -> None:
    try:
        whole = reconstruct(data, buffers)
    except PacketInvalid:
        return
    again: list[bytes] = []
    deconstruct(whole, again)
    assert sorted(again) == sorted(buffers)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0", Packet(CONNECT)),
        ('0{"a":1}', Packet(CONNECT, data={"a": 1})),
        ("0/custom", Packet(CONNECT, "/custom")),
        ('0/custom,{"a":1}', Packet(CONNECT, "/custom", data={"a": 1})),
        ("1", Packet(DISCONNECT)),
        ("1/custom,", Packet(DISCONNECT, "/custom")),
        ('2["a"]', Packet(EVENT, data=["a"])),
        ('2/x,0["a"]', Packet(EVENT, "/x", 0, ["a"])),
        ("2[1]", Packet(EVENT, data=[1])),
        ("312[]", Packet(ACK, id=12, data=[])),
        ('51-["a"]', Packet(BINARY_EVENT, data=["a"], attachments=1)),
        ("610-/x,3[]", Packet(BINARY_ACK, "/x", 3, [], 10)),
    ],
)
def test_packets_as_the_protocol_shows_them(text: str, packet: Packet) -> None:
    assert decode(text.encode(), LIMITS) == packet


NO_TYPE = ["", "7", "9", "a", " 0", "é", "-1"]
NO_PAYLOAD = [
    "0[]",
    "0null",
    '0"a"',
    "1{}",
    "1null",
    "2",
    "2{}",
    "2[]",
    "2[null]",
    "2[true]",
    "2[1.5]",
    "3",
    "3{}",
    "4",
]
NO_EVENT = ['2["connect"]', '2["newListener"]', '2abc["a"]', '2["a"', '2["a"]]', "2[NaN]", '2["\x1e"]', '2["\\ud800"]']
NO_COUNT = [
    '5["a"]',
    '5-["a"]',
    '50-["a"]',
    '511-["a"]',
    '5a-["a"]',
    '51["a"]',
    '5--1-["a"]',
    "5" + "9" * 400 + '-["a"]',
]
NO_OTHERS = ['4{"message":"x"}', "2" + "9" * 17 + '["a"]', '29007199254740992["a"]', "61-{}"]


@pytest.mark.parametrize("text", NO_TYPE + NO_PAYLOAD + NO_EVENT + NO_COUNT + NO_OTHERS)
def test_what_is_no_packet(text: str) -> None:
    with pytest.raises(PacketInvalid):
        decode(text.encode(), LIMITS)


@pytest.mark.parametrize("text", [b"0/\xff", b'2["\xff"]', b"0/" + b"x" * 256])
def test_namespaces_and_payloads_that_are_no_text_or_too_long(text: bytes) -> None:
    with pytest.raises(PacketInvalid):
        decode(text, LIMITS)


@pytest.mark.parametrize(
    ("depth", "allowed"),
    [(63, True), (64, False), (10_000, False)],
)
def test_nesting_is_bounded(depth: int, allowed: bool) -> None:
    text = b'2["a",' + b"[" * depth + b"]" * depth + b"]"
    if allowed:
        assert decode(text, LIMITS).data[0] == "a"
    else:
        with pytest.raises(PacketInvalid):
            decode(text, LIMITS)


@given(JSON, st.integers(1, 6))
def test_nesting_is_counted_as_it_is(value: Any, limit: int) -> None:
    def depth(value: Any) -> int:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if items is None else 1 + max(map(depth, items), default=0)

    data = ["a", value]
    text = b"2" + json.dumps(data).encode()
    if depth(data) <= limit:
        assert decode(text, PacketLimits(max_depth=limit)).data == data
    else:
        with pytest.raises(PacketInvalid):
            decode(text, PacketLimits(max_depth=limit))


@pytest.mark.parametrize(
    ("data", "buffers"),
    [
        ([{"_placeholder": True}], [b"a"]),
        ([{"_placeholder": True, "num": 1}], [b"a"]),
        ([{"_placeholder": True, "num": -1}], [b"a"]),
        ([{"_placeholder": True, "num": "0"}], [b"a"]),
        ([{"_placeholder": True, "num": True}], [b"a", b"b"]),
        ([{"_placeholder": True, "num": 0.0}], [b"a"]),
        ([{"_placeholder": True, "num": 0}] * 2, [b"a"]),
        ([{"_placeholder": True, "num": 0}], [b"a", b"b"]),
        ([], [b"a"]),
    ],
)
def test_placeholders_and_attachments_belong_together(data: Any, buffers: list[bytes]) -> None:
    with pytest.raises(PacketInvalid):
        reconstruct(data, buffers)


def test_an_empty_attachment_is_one() -> None:
    assert reconstruct([{"_placeholder": True, "num": 0}], [b""]) == [b""]


def test_the_servers_packets() -> None:
    assert connect_packet("/", "s").text == b'0{"sid":"s"}'
    assert connect_packet("/x", "s", "p").text == b'0/x,{"sid":"s","pid":"p"}'
    assert connect_error_packet("/x", "no").text == b'4/x,{"message":"no"}'
    assert connect_error_packet("/", "no", {"code": 1}).text == b'4{"message":"no","data":{"code":1}}'
    assert disconnect_packet("/x").text == b"1/x,"
    assert disconnect_packet("/").text == b"1"
    assert ack_packet("/x", 5, [1]).text == b"3/x,5[1]"


def test_packets_on_both_transports() -> None:
    outgoing = event_packet("/", "a", [b"\0"])
    text = b'51-["a",{"_placeholder":true,"num":0}]'
    assert outgoing.frames() == text_frame(b"4" + text) + binary_frame(b"\0")
    assert outgoing.pieces() == b"4" + text + b"\x1ebAA==\x1e"
    assert event_packet("/", "a", []).frames() == text_frame(b'42["a"]')
    assert event_packet("/", "a", []).pieces() == b'42["a"]\x1e'


@given(NAMESPACES, EVENTS, st.lists(JSON, max_size=3))
def test_events_that_are_encoded_once_are_the_same(namespace: str, event: str, arguments: list[Any]) -> None:
    outgoing = event_packet(namespace, event, arguments)
    listed = event_packet("/", "", arguments).text.removeprefix(b'2[""').removeprefix(b",").removesuffix(b"]")
    assert websocket_event(namespace, event, listed) == outgoing.frames()
    assert polling_event(namespace, event, listed) == outgoing.pieces()
