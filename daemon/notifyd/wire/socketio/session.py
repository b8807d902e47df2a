"""Sans-I/O state of Socket.IO on one transport: a packet that is under way, and the namespaces that are connected."""

from __future__ import annotations

import enum
import math
from typing import Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

from notifyd.wire.socketio.engineio import PacketInvalid
from notifyd.wire.socketio.packets import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    DISCONNECT,
    EVENT,
    Packet,
    PacketLimits,
    decode,
    reconstruct,
)

S = TypeVar("S")


class SocketIoRules(Struct, frozen=True):
    """What a peer has to keep to."""

    #: How long a transport may be without a namespace.
    connect_timeout_seconds: float = 45.0
    max_namespaces: int = 16
    #: Acks that a peer may owe on one namespace; the oldest is forgotten for another.
    max_unanswered_acks: int = 1_000
    packets: PacketLimits = PacketLimits()


class What(enum.Enum):
    """What has to be done about a packet."""

    #: nothing, or nothing yet
    NOTHING = enum.auto()
    #: decide about the namespace; `accept` follows, or not
    CONNECT = enum.auto()
    #: refuse the namespace: the transport has enough of them
    TOO_MANY = enum.auto()
    #: hand it to the socket
    EVENT = enum.auto()
    #: hand it to who waits for it
    ACK = enum.auto()
    #: the peer leaves the namespace; `leave` follows
    DISCONNECT = enum.auto()


class Incoming(NamedTuple):
    """A packet, whole, and what has to be done about it."""

    what: What
    packet: Packet


class _Partial:
    """A packet whose attachments are on their way."""

    __slots__ = ("buffers", "bytes_left", "packet")

    def __init__(self, packet: Packet, bytes_left: int) -> None:
        self.packet = packet
        self.buffers: list[bytes] = []
        self.bytes_left = bytes_left


class SocketIoSession(Generic[S]):
    """Feed it the messages of one transport. *S* is what the driver keeps for each namespace."""

    __slots__ = ("_left", "_partial", "_rules", "due", "sockets")

    def __init__(self, rules: SocketIoRules, *, now: float) -> None:
        self._rules = rules
        self._partial: _Partial | None = None
        self._left: set[str] | None = None  # namespaces that we ended, of which packets may still be under way
        #: by namespace
        self.sockets: dict[str, S] = {}
        #: when the transport has to be closed unless it has a namespace by then
        self.due = now + rules.connect_timeout_seconds

    def receive_text(self, text: bytes) -> Incoming:
        """A text message.

        Raises:
            PacketInvalid: close the transport.
        """
        if self._partial is not None:
            raise PacketInvalid("attachments follow their packet at once")
        limits = self._rules.packets
        packet = decode(text, limits)
        if packet.attachments:
            self._partial = _Partial(packet, limits.max_attachment_bytes)
            return Incoming(What.NOTHING, packet)
        return self._judge(packet)

    def receive_binary(self, data: bytes) -> Incoming:
        """A binary message.

        Raises:
            PacketInvalid: close the transport.
        """
        partial = self._partial
        if partial is None:
            raise PacketInvalid("an attachment without a packet")
        partial.buffers.append(data)
        partial.bytes_left -= len(data)
        if partial.bytes_left < 0:
            raise PacketInvalid("the attachments are too large")
        packet = partial.packet
        if len(partial.buffers) < packet.attachments:
            return Incoming(What.NOTHING, packet)
        self._partial = None
        packet.data = reconstruct(packet.data, partial.buffers)
        packet.type = _WHOLE[packet.type]
        return self._judge(packet)

    def accept(self, namespace: str, socket: S) -> None:
        """A namespace is connected."""
        self.sockets[namespace] = socket
        self.due = math.inf

    def leave(self, namespace: str, *, now: float, by_peer: bool) -> S | None:
        """A namespace is over; what was kept for it, None if it was over already."""
        socket = self.sockets.pop(namespace, None)
        if socket is None:
            return None
        if not self.sockets:
            self.due = now + self._rules.connect_timeout_seconds
        if not by_peer:
            self._left = self._left or set()
            if len(self._left) < self._rules.max_namespaces:
                self._left.add(namespace)
        return socket

    def on_deadline(self, *, now: float) -> bool:
        """Whether the transport has to be closed."""
        return now >= self.due

    def _judge(self, packet: Packet) -> Incoming:
        namespace = packet.namespace
        if packet.type == CONNECT:
            return Incoming(self._judge_connect(namespace), packet)
        if namespace in self.sockets:
            return Incoming(_ASKS[packet.type], packet)
        if self._left is not None and namespace in self._left:
            return Incoming(What.NOTHING, packet)
        raise PacketInvalid("a packet of a namespace that is not connected")

    def _judge_connect(self, namespace: str) -> What:
        if namespace in self.sockets:
            raise PacketInvalid("the namespace is connected already")
        if self._left is not None:
            self._left.discard(namespace)
        return What.CONNECT if len(self.sockets) < self._rules.max_namespaces else What.TOO_MANY


_WHOLE: Final = {BINARY_EVENT: EVENT, BINARY_ACK: ACK}
_ASKS: Final = {DISCONNECT: What.DISCONNECT, EVENT: What.EVENT, ACK: What.ACK}
