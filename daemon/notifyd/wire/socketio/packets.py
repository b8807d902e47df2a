"""Socket.IO 5: packets to values and back, and events encoded once for many connections."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

import msgspec

from notifyd.wire.json import encode
from notifyd.wire.socketio.engineio import PacketInvalid, polling_binary, polling_text, websocket_binary, websocket_text

CONNECT: Final = 0
DISCONNECT: Final = 1
EVENT: Final = 2
ACK: Final = 3
CONNECT_ERROR: Final = 4
BINARY_EVENT: Final = 5
BINARY_ACK: Final = 6

#: Names that mean something else to a client or a server, and are therefore no events.
RESERVED_EVENTS: Final = frozenset(
    ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")
)
_MAX_ID: Final = 2**53 - 1
_DIGITS: Final = b"0123456789"
_ZERO: Final = 0x30
_SLASH: Final = 0x2F
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')
# a bracket as what it adds to the depth, a signed byte
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
# made once: a union of types is built anew each time that it is asked about
_BINARY: Final = (bytes, bytearray, memoryview)
_LISTS: Final = (list, tuple)
_decode_json: Final = msgspec.json.Decoder().decode


class PacketLimits(msgspec.Struct, frozen=True):
    """What a packet of a peer may be."""

    max_attachments: int = 10
    max_attachment_bytes: int = 1_000_000
    max_depth: int = 64
    max_namespace_bytes: int = 256


class Packet(msgspec.Struct):
    """One packet. A binary event or ack is of type EVENT or ACK once its attachments are in their places."""

    type: int
    namespace: str = "/"
    id: int | None = None
    data: Any = None
    #: How many binary messages follow.
    attachments: int = 0


def decode(text: bytes, limits: PacketLimits) -> Packet:
    """The packet in the text of a message.

    Raises:
        PacketInvalid: there is none.
    """
    kind = text[0] - _ZERO if text else -1
    if not CONNECT <= kind <= BINARY_ACK:
        raise PacketInvalid("unknown packet type")
    at, attachments = 1, 0
    if kind >= BINARY_EVENT:
        attachments, at = _attachments(text, limits)
    namespace = "/"
    if text[at : at + 1] == b"/":
        namespace, at = _namespace(text, at, limits)
    number, at = _digits(text, at)
    if number is not None and number > _MAX_ID:
        raise PacketInvalid("the id of an ack is too large")
    data = None
    if at < len(text):
        data = _json(text[at:], limits)
        if data is None:
            raise PacketInvalid("no payload is null")
    if not _CHECKS[kind](data):
        raise PacketInvalid("invalid payload")
    return Packet(kind, namespace, number, data, attachments)


def _digits(text: bytes, at: int) -> tuple[int | None, int]:
    start = at
    while at < len(text) and text[at] in _DIGITS:
        at += 1
        if at - start > 16:
            raise PacketInvalid("a number is too long")
    return (int(text[start:at]) if at > start else None), at


def _attachments(text: bytes, limits: PacketLimits) -> tuple[int, int]:
    count, at = _digits(text, 1)
    if text[at : at + 1] != b"-" or not count:
        raise PacketInvalid("a binary packet says how many attachments it has")
    if count > limits.max_attachments:
        raise PacketInvalid("too many attachments")
    return count, at + 1


def _namespace(text: bytes, at: int, limits: PacketLimits) -> tuple[str, int]:
    end = text.find(b",", at)
    if end < 0:
        end = len(text)
    if end - at > limits.max_namespace_bytes:
        raise PacketInvalid("the namespace is too long")
    try:
        return text[at:end].decode("utf-8"), end + 1
    except UnicodeDecodeError as exc:
        raise PacketInvalid("a namespace is UTF-8") from exc


def _json(text: bytes, limits: PacketLimits) -> Any:
    try:
        value = _decode_json(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise PacketInvalid("invalid JSON") from exc
    # A cheap bound first: so few brackets cannot nest deeper than the limit.
    if text.count(b"[") + text.count(b"{") > limits.max_depth and not _within_depth(text, limits.max_depth):
        raise PacketInvalid("the payload is nested too deeply")
    return value


def _within_depth(text: bytes, depth: int) -> bool:
    """Whether the brackets of sound JSON nest no deeper. One look at each: a peer may send a million."""
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_STEPS, _NOT_STRUCTURE)
    steps = b"".join(bare.split(b'"')[::2])
    return max(accumulate(memoryview(steps).cast("b")), default=0) <= depth


def _is_event(data: Any) -> bool:
    if not isinstance(data, list) or not data:
        return False
    name = data[0]
    # a number is a name to the reference implementation too; true and false are none
    return name not in RESERVED_EVENTS if isinstance(name, str) else type(name) is int


def _is_object_or_nothing(data: Any) -> bool:
    return data is None or isinstance(data, dict)


def _is_nothing(data: Any) -> bool:
    return data is None


def _is_list(data: Any) -> bool:
    return isinstance(data, list)


def _is_never(data: Any) -> bool:
    """A CONNECT_ERROR is for servers to send."""
    return False


_CHECKS: Final = (_is_object_or_nothing, _is_nothing, _is_event, _is_list, _is_never, _is_event, _is_list)


def reconstruct(data: Any, buffers: Sequence[bytes]) -> Any:
    """*data* with each placeholder replaced by its attachment.

    Raises:
        PacketInvalid: a placeholder is malformed, or an attachment has not exactly one: else a small packet could
            stand for a huge value.
    """
    left: list[bytes | None] = list(buffers)
    whole = _fill(data, left)
    if any(buffer is not None for buffer in left):
        raise PacketInvalid("an attachment without a placeholder")
    return whole


def _fill(value: Any, left: list[bytes | None]) -> Any:
    if isinstance(value, list):
        return [_fill(item, left) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("_placeholder") is not True:
        return {key: _fill(item, left) for key, item in value.items()}
    number = value.get("num")
    if type(number) is not int or not 0 <= number < len(left):
        raise PacketInvalid("a placeholder names its attachment")
    buffer, left[number] = left[number], None
    if buffer is None:
        raise PacketInvalid("an attachment with two placeholders")
    return buffer


def deconstruct(value: Any, buffers: list[bytes]) -> Any:
    """*value* with each bytes in it replaced by a placeholder, and put into *buffers*."""
    if isinstance(value, _BINARY):
        buffers.append(bytes(value))
        return {"_placeholder": True, "num": len(buffers) - 1}
    if isinstance(value, dict):
        return {key: deconstruct(item, buffers) for key, item in value.items()}
    if isinstance(value, _LISTS):
        return [deconstruct(item, buffers) for item in value]
    return value


class Outgoing(msgspec.Struct, frozen=True):
    """An encoded packet: a text, and the binary messages that follow it."""

    text: bytes
    buffers: Sequence[bytes] = ()

    def frames(self) -> bytes:
        """For WebSocket."""
        text = websocket_text(self.text)
        return text + b"".join(map(websocket_binary, self.buffers)) if self.buffers else text

    def pieces(self) -> bytes:
        """For polling."""
        text = polling_text(self.text)
        return text + b"".join(map(polling_binary, self.buffers)) if self.buffers else text


def connect_packet(namespace: str, sid: str, pid: str = "") -> Outgoing:
    """The consent to a CONNECT."""
    told = b'"sid":%s,"pid":%s' % (encode(sid), encode(pid)) if pid else b'"sid":%s' % encode(sid)
    return Outgoing(b"0%s{%s}" % (_prefix(namespace), told))


def connect_error_packet(namespace: str, message: str, data: dict[str, Any] | None = None) -> Outgoing:
    """The refusal of a CONNECT."""
    told: dict[str, Any] = {"message": message}
    if data is not None:
        told["data"] = data
    return Outgoing(b"4%s%s" % (_prefix(namespace), encode(told)))


def disconnect_packet(namespace: str) -> Outgoing:
    """The end of a namespace."""
    return Outgoing(b"1" + _prefix(namespace))


def event_packet(namespace: str, event: str, arguments: Sequence[Any], ack_id: int | None = None) -> Outgoing:
    """An event of JSON values and bytes; with an id where an ack is asked for."""
    return _data_packet(EVENT, namespace, [event, *arguments], ack_id)


def ack_packet(namespace: str, ack_id: int, arguments: Sequence[Any]) -> Outgoing:
    """A socket.io ack."""
    return _data_packet(ACK, namespace, list(arguments), ack_id)


def _data_packet(kind: int, namespace: str, data: list[Any], ack_id: int | None) -> Outgoing:
    number = b"" if ack_id is None else b"%d" % ack_id
    buffers: list[bytes] = []
    bare = deconstruct(data, buffers)
    if not buffers:
        return Outgoing(b"%d%s%s%s" % (kind, _prefix(namespace), number, encode(data)))
    kind += BINARY_EVENT - EVENT
    return Outgoing(b"%d%d-%s%s%s" % (kind, len(buffers), _prefix(namespace), number, encode(bare)), buffers)


@lru_cache(maxsize=4096)
def _prefix(namespace: str) -> bytes:
    return b"" if namespace == "/" else namespace.encode("utf-8") + b","


@lru_cache(maxsize=4096)
def _beginning(namespace: str, event: str) -> bytes:
    return b"2%s[%s" % (_prefix(namespace), encode(event))


def websocket_event(namespace: str, event: str, json_arguments: bytes = b"", *, ack_id: int | None = None) -> bytes:
    """The frame of an event, for `Socket.put` on WebSocket. The arguments are JSON values with commas between them.

    With *ack_id* the peer is asked for a socket.io ack; see `Socket.ask`.
    """
    return websocket_text(_event(namespace, event, json_arguments, ack_id))


def polling_event(namespace: str, event: str, json_arguments: bytes = b"", *, ack_id: int | None = None) -> bytes:
    """The piece of an event, for `Socket.put` on polling. Pieces are joined as they are."""
    return polling_text(_event(namespace, event, json_arguments, ack_id))


def _event(namespace: str, event: str, json_arguments: bytes, ack_id: int | None) -> bytes:
    if ack_id is not None:
        return b"2%s%d[%s,%s]" % (_prefix(namespace), ack_id, encode(event), json_arguments)
    if json_arguments:
        return b"%s,%s]" % (_beginning(namespace, event), json_arguments)
    return _beginning(namespace, event) + b"]"
