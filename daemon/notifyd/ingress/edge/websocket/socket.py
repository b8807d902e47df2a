"""One WebSocket connection: messages in, frames out, and the closing handshake."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import structlog
import trio

from notifyd.ingress.edge.lingering import Lingering
from notifyd.ingress.edge.websocket.frames import FrameReader, FrameRefused
from notifyd.wire.websocket.frames import BINARY, CLOSE, PING, PONG, TEXT, close_frame, ping_frame, pong_frame

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from notifyd.ingress.edge.deadlines import Deadline
    from notifyd.ingress.edge.http.app import Upgrade
    from notifyd.ingress.edge.http.request import Peer
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState

log = structlog.get_logger()
_DATA = frozenset((TEXT, BINARY))
# messages that one connection may have served before the others have their turn
_BURST = 100
_LINGER_BYTES = 1_048_576
_NO_STATUS = 1005
_ABNORMAL = 1006
_INTERNAL = 1011


class _Phase(enum.IntEnum):
    OPEN = 0
    #: our close is written, the peer's is awaited
    CLOSING = 1
    #: nothing more is read; what waits is still written
    OVER = 2
    #: nothing more is written either
    GONE = 3


class WebSocket:
    """The application's handle on one connection. Every call is synchronous and never blocks."""

    __slots__ = (
        "_close_code", "_close_reason", "_deadline", "_frames", "_handler", "_link", "_phase", "_state",
        "outbox", "peer",
    )  # fmt: skip

    def __init__(self, state: EdgeState, link: Link, outbox: Outbox, peer: Peer, upgrade: Upgrade) -> None:
        self._state = state
        self._link = link
        self._handler = upgrade.handler
        self._frames = FrameReader(upgrade.max_message_bytes or state.websocket.max_message_bytes)
        self._phase = _Phase.OPEN
        self._close_code = _ABNORMAL
        self._close_reason = ""
        self._deadline: Deadline | None = None
        #: where frames are put; a fan-out calls its `put` directly
        self.outbox = outbox
        self.peer = peer

    @property
    def closing(self) -> bool:
        """The connection is over or about to be."""
        return self._phase is not _Phase.OPEN

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for the peer."""
        return self.outbox.pending_bytes

    @property
    def sent_bytes(self) -> int:
        """Bytes that the kernel has taken."""
        return self.outbox.sent_bytes

    def put(self, frame: bytes) -> bool:
        """Write one or more whole frames. False: they were not taken, the peer is too slow and should be closed."""
        return self.outbox.put(frame)

    def ping(self, payload: bytes = b"") -> bool:
        """Write a ping with at most 125 bytes; False as with `put`."""
        return self.outbox.put(ping_frame(payload))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake; the connection ends with the peer's answer, or abruptly after a while."""
        if self._phase is _Phase.OPEN:
            self._say_close(code, code, reason)
            self._phase = _Phase.CLOSING  # OPEN -> CLOSING
            when = trio.current_time() + self._state.websocket.close_timeout_seconds
            self._deadline = self._state.deadlines.at(when, self.abort)

    def abort(self) -> None:
        """End the connection at once, without a handshake."""
        if self._phase is not _Phase.GONE:
            self._phase = _Phase.GONE  # any -> GONE
            self.outbox.break_off()

    def feed(self, first: bytes) -> None:
        """Bytes that were read together with the handshake."""
        self._frames.feed(first)

    async def run(self) -> None:
        """Serve the connection until it is over; its outbox is corked around the handshake, which is already in it."""
        counts = self._state.counts
        counts.websockets += 1
        try:
            self._open()
            await self._read()
        finally:
            counts.websockets -= 1
            self._tell_closed()
        if self._deadline is not None:
            self._deadline.cancel()
        settings = self._state.websocket
        await Lingering(self._link, self.outbox).run(
            self._state.deadlines,
            seconds=settings.close_timeout_seconds,
            max_bytes=max(_LINGER_BYTES, 2 * self._frames.max_message_bytes),  # what was too big may still be under way
        )

    async def _read(self) -> None:
        link, outbox = self._link, self.outbox
        data: bytes | None = b""  # there may be some from the handshake
        while self._phase < _Phase.OVER and not outbox.broken:
            if data is not None:
                slow = self._take(data)
                while slow is not None:
                    await self._wait_for(slow)
                    slow = self._take(b"")
                if self._phase >= _Phase.OVER:
                    return
            try:
                await link.readable()
                data = link.receive()
            except trio.ClosedResourceError:
                data = None  # woken, to look at the phase
            except OSError:
                return
            if data == b"":
                return

    def _open(self) -> None:
        try:
            self._handler.opened(self)
        except Exception:
            log.exception("websocket_handler_failed", peer=self.peer.host)
            self._fail(_INTERNAL, "internal error")

    def _take(self, data: bytes) -> Coroutine[Any, Any, None] | None:
        """Hand on the messages in *data* until one takes time; what they answer is written at once."""
        self.outbox.cork()
        try:
            self._frames.feed(data)
            return self._hand_on()
        except FrameRefused as refused:
            self._fail(refused.code, refused.reason)
        except Exception:
            log.exception("websocket_handler_failed", peer=self.peer.host)
            self._fail(_INTERNAL, "internal error")
        finally:
            self.outbox.uncork()
        return None

    def _hand_on(self) -> Coroutine[Any, Any, None] | None:
        frames, handler = self._frames, self._handler
        for _ in range(_BURST):
            found = frames.next() if self._phase < _Phase.OVER else None
            if found is None:
                return handler.taken() if self._phase is _Phase.OPEN else None
            opcode, payload = found
            if opcode == CLOSE:
                self._receive_close()
            elif self._phase is not _Phase.OPEN:
                continue
            elif opcode in _DATA:
                slow = handler.text(payload) if opcode == TEXT else handler.binary(payload)
                if slow is not None:
                    return slow
            elif opcode == PONG:
                handler.pong(payload)
            elif opcode == PING and not self.outbox.put(pong_frame(payload)):
                settings = self._state.websocket
                self.close(settings.slow_consumer_code, settings.slow_consumer_reason)
        return trio.lowlevel.checkpoint()  # noqa: ASYNC105 - awaited like any other that takes time

    async def _wait_for(self, slow: Coroutine[Any, Any, None]) -> None:
        try:
            await slow
        except Exception:
            log.exception("websocket_handler_failed", peer=self.peer.host)
            self._fail(_INTERNAL, "internal error")

    def _receive_close(self) -> None:
        code, reason = self._frames.close_code, self._frames.close_reason
        if self._phase is _Phase.OPEN:
            self._say_close(None if code == _NO_STATUS else code, code, reason)
        self._phase = _Phase.OVER  # OPEN, CLOSING -> OVER

    def _fail(self, code: int, reason: str) -> None:
        """RFC 6455, section 7.1.7: say why, and do not wait for the peer's close."""
        if self._phase is _Phase.OPEN:
            self._say_close(code, code, reason)
        self._phase = max(self._phase, _Phase.OVER)  # OPEN, CLOSING -> OVER

    def _say_close(self, said: int | None, code: int, reason: str) -> None:
        self._close_code, self._close_reason = code, reason
        self.outbox.end(close_frame(said, reason if said is not None else ""))

    def _tell_closed(self) -> None:
        handler_closed = self._handler.closed
        del self._handler  # it holds us as well: neither should wait for the garbage collector
        try:
            handler_closed(self._close_code, self._close_reason)
        except Exception:
            log.exception("websocket_handler_failed", peer=self.peer.host)
