"""An answer without an end: Server-Sent Events and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.ingress.edge.lingering import Lingering
from notifyd.wire.http.answer import header_lines, status_line

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.app import StreamHandler
    from notifyd.ingress.edge.http.request import Peer
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState

log = structlog.get_logger()


class HttpStream:
    """The application's handle on such an answer. Every call but `wait_closed` is synchronous and never blocks."""

    __slots__ = ("_closing", "_handler", "_link", "_state", "outbox", "peer")

    def __init__(self, state: EdgeState, link: Link, outbox: Outbox, peer: Peer, handler: StreamHandler) -> None:
        self._state = state
        self._link = link
        self._handler = handler
        self._closing = False
        #: where bytes are put; a fan-out calls its `put` directly
        self.outbox = outbox
        self.peer = peer

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for the peer."""
        return self.outbox.pending_bytes

    @property
    def sent_bytes(self) -> int:
        """Bytes that the kernel has taken."""
        return self.outbox.sent_bytes

    def start(self, status: int, content_type: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """Write the head; the body ends with the connection."""
        lines = header_lines(((b"Content-Type", content_type), *headers, (b"Connection", b"close")))
        self.outbox.write(b"%s%s%s\r\n" % (status_line(status), self._state.common_headers(), lines))

    def put(self, data: bytes) -> bool:
        """Write a part of the body. False: it was not taken, the peer is too slow and should be closed."""
        return self.outbox.put(data)

    def close(self) -> None:
        """End `wait_closed`; what was put is still written."""
        self._closing = True
        self._link.wake()

    def abort(self) -> None:
        """End the connection at once."""
        self._closing = True
        self.outbox.break_off()

    async def wait_closed(self) -> None:
        """Wait until the peer has left or the stream was closed; what the peer sends is thrown away."""
        while not (self._closing or self.outbox.broken):
            try:
                await self._link.readable()
                if self._link.receive() == b"":
                    return
            except trio.ClosedResourceError:
                continue
            except OSError:
                return

    async def run(self) -> None:
        """Let the handler write, then end the connection."""
        counts = self._state.counts
        counts.streams += 1
        try:
            await self._handler.run(self)
        except Exception:
            log.exception("stream_handler_failed", peer=self.peer.host)
            self.outbox.break_off()
        finally:
            counts.streams -= 1
        http = self._state.http
        lingering = Lingering(self._link, self.outbox)
        await lingering.run(self._state.deadlines, seconds=http.linger_seconds, max_bytes=http.linger_bytes)
