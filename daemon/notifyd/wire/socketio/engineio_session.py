"""Sans-I/O state of one Engine.IO connection: its transport, its heartbeat, and what waits to be polled.

Time is an input. The driver sleeps until `due` and calls `on_deadline`; it tells what came, and is told what to do.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Generic, TypeVar

from notifyd.wire.socketio.engineio import SEPARATOR

if TYPE_CHECKING:
    from notifyd.wire.socketio.engineio import EngineRules

M = TypeVar("M")

#: Pings that a peer may owe an answer to before it is given up.
MAX_UNANSWERED = 256


class Beat(enum.Enum):
    """What has to be done at a deadline."""

    NOTHING = enum.auto()
    #: write a ping
    PING = enum.auto()
    #: close: the peer did not answer in time
    DEAD = enum.auto()


class Heartbeat(Generic[M]):
    """When to ping, and what the pongs prove: pongs answer pings in order, and bring back the marks of these."""

    __slots__ = ("_marks", "due", "rules")

    def __init__(self, rules: EngineRules, *, now: float) -> None:
        #: what was agreed on with the peer
        self.rules = rules
        self._marks: list[M | None] | None = None  # of the pings that no pong has answered; None is cheaper than empty
        #: when `on_deadline` has something to do; it may also move to later without a word
        self.due = now + rules.ping_interval_seconds

    def on_deadline(self, *, now: float) -> Beat:
        """The time is *now*: what is to be done."""
        if now < self.due:
            return Beat.NOTHING
        if self._marks is not None:
            return Beat.DEAD
        self._marks = [None]
        # counted from when the ping was due, so that lateness of ours does not add up, unless it was the peer's harm
        timeout = self.rules.ping_timeout_seconds
        self.due = (self.due if now - self.due < timeout / 2 else now) + timeout
        return Beat.PING

    def ping(self, mark: M | None, *, now: float) -> Beat:
        """A ping out of turn is wished, whose pong is to bring *mark* back; None will do with one that is under way."""
        marks = self._marks
        if marks is None:
            self._marks = [mark]
            self.due = now + self.rules.ping_timeout_seconds
            return Beat.PING
        if mark is None:
            return Beat.NOTHING
        if len(marks) >= MAX_UNANSWERED:
            return Beat.DEAD
        marks.append(mark)
        return Beat.PING

    def pong(self, *, now: float) -> M | None:
        """A pong came; the mark of the ping that it answers, None for none."""
        marks = self._marks
        if marks is None:
            return None  # unasked for, which proves nothing and moves nothing
        mark = marks.pop(0)
        if marks:
            self.due = now + self.rules.ping_timeout_seconds
        else:
            self._marks = None
            self.due = now + self.rules.ping_interval_seconds
        return mark

    def excuse(self, *, now: float) -> None:
        """Nothing that the peer sent was looked at for a while: it has its time again."""
        if self._marks is not None:
            self.due = now + self.rules.ping_timeout_seconds


class PollQueue:
    """Pieces that wait for the peer's next poll, bounded in bytes."""

    __slots__ = ("_limit_bytes", "_max_payload_bytes", "_pieces", "taken_bytes")

    def __init__(self, rules: EngineRules) -> None:
        self._limit_bytes = rules.queue_bytes
        self._max_payload_bytes = rules.max_payload_bytes
        self._pieces = bytearray()
        #: bytes that polls have fetched
        self.taken_bytes = 0

    def __len__(self) -> int:
        return len(self._pieces)

    def put(self, pieces: bytes) -> bool:
        """Keep whole pieces. False: they were not taken, the peer is too slow. The first to wait is always kept."""
        if self._pieces and len(self._pieces) + len(pieces) > self._limit_bytes:
            return False
        self._pieces += pieces
        return True

    def force(self, piece: bytes) -> None:
        """Keep a piece whatever waits: one of those that the protocol itself needs."""
        self._pieces += piece

    def take(self) -> bytes:
        """The next payload, without its last separator; within the bound of a payload if its first packet is."""
        pieces = self._pieces
        end = len(pieces)
        if end - 1 > self._max_payload_bytes:
            end = pieces.rfind(SEPARATOR, 0, self._max_payload_bytes + 1) + 1 or pieces.find(SEPARATOR) + 1
        payload = bytes(pieces[: end - 1])
        del pieces[:end]
        self.taken_bytes += len(payload)
        return payload

    def take_all(self) -> bytes:
        """Every piece, as it was put."""
        pieces = bytes(self._pieces)
        self._pieces.clear()
        return pieces


class Stage(enum.IntEnum):
    """How far a connection has come."""

    #: on polling; an upgrade may be under way
    POLLING = 0
    #: on WebSocket, from the start or since an upgrade
    WEBSOCKET = 1
    #: over, but the next poll is still to be told so
    ENDING = 2
    #: over
    OVER = 3
