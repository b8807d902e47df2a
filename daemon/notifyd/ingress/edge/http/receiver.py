"""Reading one HTTP connection under its deadlines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

from notifyd.ingress.edge.link import RECEIVE_BYTES

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadline
    from notifyd.ingress.edge.http.reader import RequestReader
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState


class HttpReceiver:
    """Moves bytes from the link to the reader and gives up on a peer that is too slow."""

    __slots__ = (
        "_armed", "_armed_at", "_begun_at", "_due", "_eager", "_head_number", "_link", "_outbox", "_state", "_waited",
        "expired", "reader",
    )  # fmt: skip

    def __init__(self, state: EdgeState, link: Link, outbox: Outbox, reader: RequestReader) -> None:
        self._state = state
        self._link = link
        self._outbox = outbox
        self._armed: Deadline | None = None
        self._armed_at = math.inf
        self._due = math.inf
        self._begun_at = 0.0  # when the present head began to arrive
        self._waited = 0.0  # time spent on waiting for the present body
        self._head_number = -1  # the request that the two above belong to
        self._eager = True  # more may be here already, so that receiving comes before waiting
        self.reader = reader
        #: a deadline has passed
        self.expired = False

    async def more(self) -> bool:
        """Wait for more bytes, as long as the state of the reader allows. False: there will be none."""
        if self._eager and self._take_first():
            return True
        now = trio.current_time()
        self._set_due(now + self._patience(now))
        try:
            return await self._receive(waiting_for_request=True)
        finally:
            self._due = math.inf
            if self.reader.reading_body:
                self._waited += trio.current_time() - now

    def _take_first(self) -> bool:
        """Take what a new connection has sent already, which needs no deadline; whether there was anything."""
        if self.reader.heads or self._state.draining or self._outbox.broken:
            return False
        self._eager = False
        try:
            data = self._link.receive()
        except OSError:
            return False
        if data:
            self._eager = len(data) == RECEIVE_BYTES
            self.reader.feed(data)
        return bool(data)

    async def watch(self) -> bool:
        """Wait for more bytes or a `wake` without a deadline, while an answer is made. False: the peer has left."""
        return await self._receive(waiting_for_request=False)

    def wake(self) -> None:
        """Let whoever waits look around: the server drains, or an answer is complete."""
        self._link.wake()

    def disarm(self) -> None:
        """Forget the deadlines: the connection leaves HTTP."""
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None

    async def _receive(self, *, waiting_for_request: bool) -> bool:
        link, outbox = self._link, self._outbox
        while not (self.expired or outbox.broken or (waiting_for_request and self._state.draining and self._idle)):
            try:
                if not self._eager:
                    await link.readable()
                data = link.receive()
            except trio.ClosedResourceError:
                if not waiting_for_request:
                    return True
                continue  # woken, to look at the flags
            except OSError:
                return False
            self._eager = False
            if data is None:
                continue
            if len(data) == RECEIVE_BYTES:
                self._eager = True
                await trio.lowlevel.checkpoint()  # who sends much must not starve the others
            self.reader.feed(data)
            return bool(data)
        return False

    @property
    def _idle(self) -> bool:
        return not (self.reader.reading_head or self.reader.reading_body)

    def _patience(self, now: float) -> float:
        reader, http = self.reader, self._state.http
        if reader.heads != self._head_number:
            self._head_number, self._waited, self._begun_at = reader.heads, 0.0, 0.0
        if reader.reading_body:
            bought = reader.body_bytes / http.min_body_bytes_per_second
            return min(http.body_timeout_seconds, http.body_timeout_seconds + bought - self._waited)
        if reader.reading_head:
            self._begun_at = self._begun_at or now
            return self._begun_at + http.head_timeout_seconds - now
        return http.idle_timeout_seconds if reader.heads else http.head_timeout_seconds

    def _set_due(self, due: float) -> None:
        # the timer that is armed mostly rings too early and is then set anew, which is cheaper than moving it each time
        self._due = due
        if self._armed is None or due < self._armed_at:
            if self._armed is not None:
                self._armed.cancel()
            self._arm(due)

    def _arm(self, due: float) -> None:
        self._armed_at = due
        self._armed = self._state.deadlines.at(due, self._ring)

    def _ring(self) -> None:
        self._armed = None
        if self._due <= trio.current_time():
            self.expired = True
            self._link.wake()
        elif self._due < math.inf:
            self._arm(self._due)
