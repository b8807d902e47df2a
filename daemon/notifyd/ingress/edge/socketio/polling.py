"""The polling side of a connection: polls that are held, POSTs under way, and the end that a poll is still told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.ingress.edge.http.app import LongPoll
from notifyd.ingress.edge.socketio.codes import PARSE_ERROR, TRANSPORT_ERROR
from notifyd.ingress.edge.socketio.requests import polled, refused
from notifyd.wire.socketio.engineio import BAD_REQUEST, PacketInvalid, packets, polling_packet, to_frames
from notifyd.wire.socketio.engineio_session import PollQueue, Stage

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.socketio.connection import EngineConnection
    from notifyd.ingress.edge.socketio.engine_api import Step
    from notifyd.ingress.edge.socketio.requests import Headers
    from notifyd.ingress.edge.socketio.sessions import Sessions
    from notifyd.ingress.edge.socketio.upgrading import Probe
    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.wire.http.answer import Answer
    from notifyd.wire.socketio.engineio import EngineRules

log = structlog.get_logger()

# packets of one POST that are handled before the others have their turn
_BURST: Final = 100
# How long a poll is held once the WebSocket has proven itself. A peer that has no use for it, since its upgrade is
# already under way to us, is told so; one that waits for its end before it upgrades does not wait long.
_RELEASE_SECONDS: Final = 0.01


class PollingSide:
    """What a connection has that began with polling, also after its upgrade."""

    __slots__ = ("_address", "_connection", "_rules", "_sessions", "_sid", "_stage", "poll", "post", "probe", "queue")

    def __init__(
        self, connection: EngineConnection, sessions: Sessions, rules: EngineRules, *, sid: str, address: str
    ) -> None:
        self._connection = connection
        self._sessions = sessions
        self._rules = rules
        self._sid = sid
        self._address = address
        self._stage = Stage.POLLING
        #: what waits to be polled
        self.queue = PollQueue(rules)
        #: held at present
        self.poll: Poll | None = None
        #: under way at present
        self.post: Post | None = None
        #: a WebSocket that may relieve polling
        self.probe: Probe | None = None
        sessions.add(sid, address, connection)

    def put(self, pieces: bytes) -> bool:
        """Keep *pieces* for the next poll. False: they were not taken, the peer is too slow."""
        if self._stage is not Stage.POLLING:
            return True
        if not self.queue.put(pieces):
            return False
        self._wake()
        return True

    def force(self, piece: bytes) -> None:
        """Keep a piece whatever waits."""
        self.queue.force(piece)
        self._wake()

    def _wake(self) -> None:
        if self.poll is not None:
            self.poll.wake()

    # Requests

    def get(self, headers: Headers) -> Answer | LongPoll:
        """A poll."""
        if self._stage is Stage.WEBSOCKET:
            return refused(BAD_REQUEST, headers)
        if self.poll is not None:
            self._connection.fail(TRANSPORT_ERROR)  # two at once: their order would be anyone's guess
            return refused(BAD_REQUEST, headers)
        self.poll = Poll(self, headers)
        if self.probe is not None and self.probe.proven:
            self._release_soon()
        return self.poll

    def data(self, request: Request, headers: Headers) -> Answer | Post:
        """A POST."""
        if self._stage is not Stage.POLLING or len(request.body) > self._rules.max_payload_bytes:
            return refused(BAD_REQUEST, headers)
        if self.post is not None:
            self._connection.fail(TRANSPORT_ERROR)
            return refused(BAD_REQUEST, headers)
        self.post = Post(self._connection, self, request.body, headers)
        return self.post.begin()

    def collect(self, poll: Poll) -> Answer | None:
        """The answer to *poll*, if there is something to tell."""
        if not self.queue:
            return None
        self.poll = None
        answer = polled(self.queue.take(), poll.headers)
        if self._stage is Stage.ENDING and not self.queue:
            self._forget()
        return answer

    def poll_left(self, poll: Poll) -> None:
        """The peer did not wait for the answer: what was meant for it may be lost."""
        if self.poll is poll:
            self.poll = None
            self._connection.fail(TRANSPORT_ERROR)

    def post_done(self) -> None:
        """The POST has ended, and whatever happened amidst of it can be told."""
        self.post = None
        self._connection.finish_polling()

    # The upgrade

    def may_probe(self, probe: Probe) -> bool:
        """Take *probe* for the one that may relieve polling; False: there is no need of it."""
        if self._stage is not Stage.POLLING or self.probe is not None:
            return False
        self.probe = probe
        return True

    def probed(self) -> None:
        """The WebSocket works: end the poll that is held, as the peer waits for it."""
        if self.poll is not None:
            self._release_soon()

    def probe_lost(self) -> None:
        """There will be no upgrade, for now."""
        self.probe = None

    def upgrade(self, ws: WebSocket) -> bool:
        """Let *ws* relieve polling; False: the peer is still sending by POST."""
        if self._stage is not Stage.POLLING or self.post is not None:
            return False
        self._stage = Stage.WEBSOCKET
        waiting = self.queue.take_all()
        if waiting:
            ws.outbox.write(to_frames(waiting))  # bounded already, by this queue
        if self.poll is not None:
            self.poll.settle(refused(BAD_REQUEST, self.poll.headers))
            self.poll = None
        self._connection.upgraded(ws)
        return True

    def _release_soon(self) -> None:
        self._sessions.deadlines.at(trio.current_time() + _RELEASE_SECONDS, self._release)

    def _release(self) -> None:
        if self.poll is not None and self._stage is Stage.POLLING:
            self.force(polling_packet(b"6"))

    # The end

    def end(self, packet: bytes, *, linger: bool) -> None:
        """Tell the poll that is held *packet* as the last one, or with *linger* also one that is still to come."""
        if self._stage is not Stage.POLLING:
            return
        self._stage = Stage.ENDING
        self.queue.force(polling_packet(packet))
        if self.probe is not None:
            self.probe.dismiss()
        if self.poll is not None:
            self.poll.wake()  # it takes what waits, as any other does
        if not linger:
            self._sessions.remove(self._sid, self._address)
        self._sessions.deadlines.at(trio.current_time() + self._rules.ping_timeout_seconds, self._forget)

    def finished(self) -> None:
        """The connection is over."""
        if self._stage is Stage.WEBSOCKET:
            self._forget()

    def _forget(self) -> None:
        self._stage = Stage.OVER
        self._sessions.remove(self._sid, self._address)


class Poll(LongPoll):
    """A GET that waits for something to tell."""

    __slots__ = ("_answer", "_side", "headers")

    def __init__(self, side: PollingSide, headers: Headers) -> None:
        super().__init__()
        self._side = side
        self._answer: Answer | None = None
        self.headers = headers

    def take(self) -> Answer | None:
        """See `LongPoll`."""
        return self._answer or self._side.collect(self)

    def left(self) -> None:
        """See `LongPoll`."""
        self._side.poll_left(self)

    def settle(self, answer: Answer) -> None:
        """Give *answer*, whatever waits."""
        self._answer = answer
        self.wake()


class Post:
    """A POST and the packets that it brings; a `Pending` of the edge where one of them takes time."""

    __slots__ = ("_connection", "_headers", "_packets", "_side", "_step", "answer")

    def __init__(self, connection: EngineConnection, side: PollingSide, body: bytes, headers: Headers) -> None:
        self._connection = connection
        self._side = side
        self._packets = packets(body)
        self._headers = headers
        self._step: Step = None
        #: See `Pending`.
        self.answer: Answer | None = None

    def begin(self) -> Answer | Post:
        """Handle the packets, until one of them takes time."""
        self._go_on()
        return self.answer or self

    async def wait(self) -> Answer:
        """See `Pending`."""
        try:
            while self.answer is None:
                if self._step is not None:
                    await self._wait_for(self._step)
                self._go_on()
            return self.answer
        finally:
            if self.answer is None:
                self._end(refused(BAD_REQUEST, self._headers))

    async def _wait_for(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await self._connection.run(step)
        except Exception:
            log.exception("engine_handler_failed")
            self._fail(TRANSPORT_ERROR)

    def _go_on(self) -> None:
        """Handle packets until one takes time, or all are handled and the answer is known."""
        self._step = None
        try:
            self._step = self._handle_burst()
        except PacketInvalid:
            self._fail(PARSE_ERROR)
        except Exception:
            log.exception("engine_handler_failed")
            self._fail(TRANSPORT_ERROR)

    def _handle_burst(self) -> Step:
        for _ in range(_BURST):
            found = next(self._packets, None)
            if found is None or self._connection.over:
                self._end(polled(b"ok", self._headers))
                return None
            step = self._connection.receive(*found)
            if step is not None:
                return step
        return trio.lowlevel.checkpoint()  # noqa: ASYNC105 - awaited like any other that takes time

    def _fail(self, reason: str) -> None:
        self._connection.fail(reason)
        self._end(refused(BAD_REQUEST, self._headers))

    def _end(self, answer: Answer) -> None:
        if self.answer is None:
            self.answer = answer
            self._side.post_done()
