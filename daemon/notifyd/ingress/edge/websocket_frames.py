"""Bytes of a WebSocket client to messages: ordinary frames directly, all that is unusual through wsproto.

Nearly every frame is a whole, short, unfragmented one. `notifyd.wire.websocket` recognises those and wsproto is not
even there, which saves a connection 2.5 KB and a message most of its cost. A frame that is fragmented, incomplete,
closing or in any way wrong goes to wsproto, which decides; it stays until the message is over.
"""

from __future__ import annotations

from wsproto.frame_protocol import Frame, FrameProtocol, ParseFailed

from notifyd.wire.websocket import BINARY, CLOSE, TEXT, FrameHead, frame_head, unmask

TOO_BIG = 1009
_NOT_UTF8 = 1007
_HIGHEST_BIT = 1 << 63  # a length with it is malformed, which is for wsproto to say


class FrameRefused(Exception):
    """The peer broke the protocol or a limit: fail the connection with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Unusual:
    """wsproto and the message that it is amidst of."""

    __slots__ = ("frame_rest", "message", "message_open", "protocol")

    def __init__(self) -> None:
        self.protocol = FrameProtocol(client=False, extensions=[])
        self.message = bytearray()
        self.message_open = False
        self.frame_rest = 0  # bytes of the present frame that have not arrived


class FrameReader:
    """Feed it what arrives, then take messages with `next` until it gives None."""

    __slots__ = ("_at", "_data", "_max_message_bytes", "_unusual", "close_code", "close_reason")

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._data = b""
        self._at = 0
        self._unusual: _Unusual | None = None
        #: what the peer's close frame said, once `next` has given it
        self.close_code = 1005
        self.close_reason = ""

    @property
    def kept_bytes(self) -> int:
        """Bytes that wait for the rest of their frame or message."""
        unusual = self._unusual
        return len(self._data) - self._at + (len(unusual.message) if unusual is not None else 0)

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        rest = self._data[self._at :]
        self._data = rest + data if rest else data
        self._at = 0

    def next(self) -> tuple[int, bytes] | None:
        """Opcode and payload of the next whole message or control frame; None: feed more.

        Raises:
            FrameRefused: nothing more can be read.
        """
        while True:
            unusual = self._unusual
            if unusual is not None:
                found = self._collect(unusual)
                if found is not None:
                    return found
                if unusual.frame_rest:
                    if not self._feed_frame(unusual):
                        return None
                    continue
                if not unusual.message_open:
                    unusual = self._unusual = None
            head = frame_head(self._data, self._at)
            if head is None:
                self._data, self._at = self._data[self._at :], 0  # an idle connection keeps no buffer
                return None
            if unusual is None and head.ordinary and head.end <= len(self._data):
                return self._ordinary(head)
            self._begin_unusual(unusual, head)

    def _ordinary(self, head: FrameHead) -> tuple[int, bytes]:
        if head.length > self._max_message_bytes:
            raise _too_big()
        payload = unmask(self._data, head.payload_at, head.end)
        self._at = head.end
        if head.opcode == TEXT and not payload.isascii():
            try:
                payload.decode("utf-8")
            except UnicodeDecodeError as exc:
                raise FrameRefused(_NOT_UTF8, "a text message is UTF-8") from exc
        return head.opcode, payload

    def _begin_unusual(self, unusual: _Unusual | None, head: FrameHead) -> None:
        if unusual is None:
            unusual = self._unusual = _Unusual()
        promised = len(unusual.message) + head.length
        if head.opcode <= BINARY and self._max_message_bytes < promised < _HIGHEST_BIT:
            raise _too_big()
        unusual.frame_rest = head.end - self._at
        self._feed_frame(unusual)

    def _feed_frame(self, unusual: _Unusual) -> bool:
        """Give wsproto what is here of the present frame, and nothing behind it; whether there was anything."""
        chunk = self._data[self._at : self._at + unusual.frame_rest]
        self._at += len(chunk)
        unusual.frame_rest -= len(chunk)
        unusual.protocol.receive_bytes(chunk)
        return bool(chunk)

    def _collect(self, unusual: _Unusual) -> tuple[int, bytes] | None:
        try:
            for frame in unusual.protocol.received_frames():
                found = self._take(unusual, frame)
                if found is not None:
                    return found
        except ParseFailed as exc:
            raise FrameRefused(int(exc.code), str(exc)) from exc
        return None

    def _take(self, unusual: _Unusual, frame: Frame) -> tuple[int, bytes] | None:
        payload = frame.payload
        if isinstance(payload, tuple):
            self.close_code, self.close_reason = int(payload[0]), payload[1]
            return CLOSE, b""
        content = payload.encode("utf-8") if isinstance(payload, str) else bytes(payload)
        if frame.opcode.iscontrol():
            return int(frame.opcode), content
        unusual.message += content
        unusual.message_open = not frame.message_finished
        if unusual.message_open:
            return None
        message = bytes(unusual.message)
        unusual.message.clear()
        return int(frame.opcode), message


def _too_big() -> FrameRefused:
    return FrameRefused(TOO_BIG, "the message is too big")
