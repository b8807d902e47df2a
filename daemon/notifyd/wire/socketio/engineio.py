"""Engine.IO 4: packets, and their bytes on both transports.

A packet is a letter and its payload. Over WebSocket it is a message of its own; over polling, packets are joined with
record separators. What is made here for polling ends with its separator, so that pieces can be joined as they are.
"""

from __future__ import annotations

import binascii
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from notifyd.wire.websocket.frames import binary_frame, text_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN: Final = 0x30
CLOSE: Final = 0x31
PING: Final = 0x32
PONG: Final = 0x33
MESSAGE: Final = 0x34
UPGRADE: Final = 0x35
NOOP: Final = 0x36
#: A binary message: `b` on polling, a binary frame on WebSocket.
BINARY: Final = 0x62

SEPARATOR: Final = b"\x1e"
PROBE: Final = b"2probe"
PROBE_ANSWER: Final = b"3probe"

UNKNOWN_TRANSPORT: Final = 0
UNKNOWN_SID: Final = 1
BAD_HANDSHAKE_METHOD: Final = 2
BAD_REQUEST: Final = 3
FORBIDDEN: Final = 4
UNSUPPORTED_VERSION: Final = 5
_MESSAGES: Final = (
    b"Transport unknown",
    b"Session ID unknown",
    b"Bad handshake method",
    b"Bad request",
    b"Forbidden",
    b"Unsupported protocol version",
)
_KINDS: Final = frozenset((OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP, BINARY))


class PacketInvalid(Exception):
    """The peer sent something that is no packet, or none that it may send."""


class EngineRules(Struct, frozen=True):
    """What both sides of a connection keep to."""

    ping_interval_seconds: float = 25.0
    ping_timeout_seconds: float = 20.0
    #: Bytes of a request's body, of an answer's, and of a WebSocket message.
    max_payload_bytes: int = 1_000_000
    #: Bytes that may wait for a peer that polls.
    queue_bytes: int = 1_048_576


def refusal_body(code: int, message: bytes = b"") -> bytes:
    """The JSON that tells a peer why its request was refused, in the protocol's own words or in others."""
    return b'{"code":%d,"message":"%s"}' % (code, message or _MESSAGES[code])


def open_packet(sid: str, rules: EngineRules, *, upgrades: bool) -> bytes:
    """The first packet of the server. *sid* needs no escaping in JSON."""
    return b'0{"sid":"%s",%s' % (sid.encode("ascii"), _told(rules, upgrades))


@lru_cache(maxsize=16)
def _told(rules: EngineRules, upgrades: bool) -> bytes:
    return b'"upgrades":[%s],"pingInterval":%d,"pingTimeout":%d,"maxPayload":%d}' % (
        b'"websocket"' if upgrades else b"",
        round(rules.ping_interval_seconds * 1000),
        round(rules.ping_timeout_seconds * 1000),
        rules.max_payload_bytes,
    )


def split(packet: bytes) -> tuple[int, bytes]:
    """The kind and the payload of a text message on WebSocket.

    Raises:
        PacketInvalid: it is no packet.
    """
    if not packet or packet[0] not in _KINDS or packet[0] == BINARY:
        raise PacketInvalid("a packet begins with its type")
    return packet[0], packet[1:]


def packets(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind and the payload of each packet in the body of a POST, one after the other.

    Raises:
        PacketInvalid: what follows is no packet. Those before it were given.
    """
    if not body.isascii():
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as exc:
            raise PacketInvalid("a payload is UTF-8") from exc
    at, size = 0, len(body)
    while at <= size:
        end = body.find(SEPARATOR, at)
        if end < 0:
            end = size
        if at == end or body[at] not in _KINDS:
            raise PacketInvalid("a packet begins with its type")
        kind = body[at]
        yield kind, (body[at + 1 : end] if kind != BINARY else from_base64(body[at + 1 : end]))
        at = end + 1


def from_base64(text: bytes) -> bytes:
    """The bytes of a binary message of polling.

    Raises:
        PacketInvalid: it is no base64.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True) if text else b""
    except binascii.Error as exc:
        raise PacketInvalid("a binary packet is base64") from exc


def websocket_text(payload: bytes) -> bytes:
    """A frame with a message."""
    return text_frame(b"4" + payload)


def websocket_binary(payload: bytes) -> bytes:
    """A frame with a binary message."""
    return binary_frame(payload)


def websocket_packet(packet: bytes) -> bytes:
    """A frame with any packet but a binary message."""
    return text_frame(packet)


def polling_text(payload: bytes) -> bytes:
    """A piece with a message, which holds no record separator: JSON escapes it."""
    return b"4%s\x1e" % payload


def polling_binary(payload: bytes) -> bytes:
    """A piece with a binary message."""
    return b"b%s\x1e" % binascii.b2a_base64(payload, newline=False)


def polling_packet(packet: bytes) -> bytes:
    """A piece with any packet but a binary message."""
    return packet + SEPARATOR


def to_frames(pieces: bytes) -> bytes:
    """What was to be polled, for a WebSocket instead."""
    frames: list[bytes] = []
    for packet in pieces.split(SEPARATOR)[:-1]:
        binary = packet[0] == BINARY
        frames.append(binary_frame(binascii.a2b_base64(packet[1:])) if binary else text_frame(packet))
    return b"".join(frames)
