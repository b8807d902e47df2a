"""Bytes of a WebSocket client to messages: ordinary frames directly, all that is unusual through wsproto.

Nearly every frame is a whole, short, unfragmented one. `notifyd.wire.websocket.frames` recognises those and wsproto is
not even there, which saves a connection 2.5 KB and a message most of its cost. A frame that is fragmented, incomplete
or in any way wrong goes to wsproto, which decides; it stays until the message is over. Closes are read here, because
wsproto does not know 1014.
"""

from __future__ import annotations

from wsproto.frame_protocol import Frame, FrameProtocol, ParseFailed

from notifyd.wire.websocket.frames import BINARY, CLOSE, TEXT, FrameHead, frame_head, may_close_with, unmask

TOO_BIG = 1009
_NOT_UTF8 = 1007
_PROTOCOL_ERROR = 1002
_CONTINUATION = 0
_FINAL_CLOSE = 0x88
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

    __slots__ = ("_at", "_data", "_unusual", "close_code", "close_reason", "max_message_bytes")

    def __init__(self, max_message_bytes: int) -> None:
        #: the bound on a message
        self.max_message_bytes = max_message_bytes
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
                self._keep_begun(unusual)
                return None
            here = head.end <= len(self._data)
            if head.opcode == CLOSE and self._is_plain_close(head):
                return self._close(head) if here else None
            if unusual is None and head.ordinary and here:
                return self._ordinary(head)
            self._begin_unusual(unusual, head)

    def _keep_begun(self, unusual: _Unusual | None) -> None:
        """Keep the beginning of a head, unless it is already wrong; an idle connection keeps no buffer."""
        data = self._data = self._data[self._at :]
        self._at = 0
        if len(data) < 2:
            return
        _check_order(data[0] & 0x0F, amidst=unusual is not None)
        probe = FrameProtocol(client=False, extensions=[])
        probe.receive_bytes(data)
        try:
            next(iter(probe.received_frames()), None)
        except ParseFailed as exc:
            raise FrameRefused(int(exc.code), str(exc)) from exc

    def _ordinary(self, head: FrameHead) -> tuple[int, bytes]:
        if head.length > self.max_message_bytes:
            raise _too_big()
        payload = unmask(self._data, head.payload_at, head.end)
        self._at = head.end
        if head.opcode == TEXT and not payload.isascii():
            try:
                payload.decode("utf-8")
            except UnicodeDecodeError as exc:
                raise FrameRefused(_NOT_UTF8, "a text message is UTF-8") from exc
        return head.opcode, payload

    def _is_plain_close(self, head: FrameHead) -> bool:
        # masked, with a length in the short form: six bytes stand before the payload
        return self._data[self._at] == _FINAL_CLOSE and head.payload_at == self._at + 6

    def _close(self, head: FrameHead) -> tuple[int, bytes]:
        payload = unmask(self._data, head.payload_at, head.end)
        self._at = head.end
        if payload:
            code = int.from_bytes(payload[:2], "big")
            if len(payload) < 2 or not may_close_with(code):
                raise FrameRefused(_PROTOCOL_ERROR, "a close has a code that may be sent")
            try:
                self.close_reason = payload[2:].decode("utf-8")
            except UnicodeDecodeError as exc:
                raise FrameRefused(_NOT_UTF8, "the reason of a close is UTF-8") from exc
            self.close_code = code
        return CLOSE, b""

    def _begin_unusual(self, unusual: _Unusual | None, head: FrameHead) -> None:
        _check_order(head.opcode, amidst=unusual is not None)
        if unusual is None:
            unusual = self._unusual = _Unusual()
        promised = len(unusual.message) + head.length
        if head.opcode <= BINARY and self.max_message_bytes < promised < _HIGHEST_BIT:
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
            raise AssertionError("a close that wsproto understands is read before it")  # noqa: TRY004 - cannot happen
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


def _check_order(opcode: int, *, amidst: bool) -> None:
    if opcode <= BINARY and (opcode == _CONTINUATION) is not amidst:
        raise FrameRefused(_PROTOCOL_ERROR, "a message begins with its type, and is continued without one")


def _too_big() -> FrameRefused:
    return FrameRefused(TOO_BIG, "the message is too big")
