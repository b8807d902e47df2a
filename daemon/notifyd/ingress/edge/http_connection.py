"""One HTTP/1.1 connection: requests in, answers out in order, until it ends or becomes something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog
import trio
from msgspec import Struct

from notifyd.ingress.edge.asgi import AsgiExchange
from notifyd.ingress.edge.http_app import Pending, Upgrade
from notifyd.ingress.edge.http_reader import RequestReader
from notifyd.ingress.edge.http_receiver import HttpReceiver
from notifyd.ingress.edge.http_stream import HttpStream
from notifyd.ingress.edge.lingering import Lingering
from notifyd.ingress.edge.websocket import WebSocket
from notifyd.wire.http_answer import CONTINUE, Answer, encode_answer
from notifyd.wire.http_head import RequestRefused
from notifyd.wire.websocket_handshake import accept_handshake, refuse_handshake

if TYPE_CHECKING:
    from notifyd.ingress.edge.http_app import HttpApp
    from notifyd.ingress.edge.http_request import Peer, Request
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState

log = structlog.get_logger()
_CLOSE = b"Connection: close\r\n"
_KEEP_ALIVE = b"Connection: keep-alive\r\n"
_FAILED = Answer(
    500, b'{"success":false,"error":{"code":"internal","message":"the request failed inside the server"}}', close=True
)


class Successor(Protocol):
    """What a connection becomes when it leaves HTTP."""

    async def run(self) -> None:
        """Serve it to its end."""


class _Turn(Struct, frozen=True):
    """An answer in its place among the others."""

    reply: Answer | Pending
    bodyless: bool
    keep_alive: bool
    old_version: bool


class HttpConnection:
    """Serves requests until the connection ends or leaves HTTP."""

    __slots__ = ("_app", "_closing", "_link", "_outbox", "_peer", "_reader", "_receiver", "_state", "_successor")

    def __init__(self, state: EdgeState, app: HttpApp, link: Link, outbox: Outbox, peer: Peer) -> None:
        self._state = state
        self._app = app
        self._link = link
        self._outbox = outbox
        self._peer = peer
        self._reader = RequestReader(state.http, peer, secure=link.secure)
        self._receiver = HttpReceiver(state, link, outbox, self._reader)
        self._closing = False
        self._successor: Successor | None = None

    async def run(self) -> Successor | None:
        """Answer requests; then what the connection has become, or None when it is over and flushed."""
        receivers = self._state.receivers
        receivers.add(self._receiver)
        try:
            while await self._receiver.more():
                await self._answer()
                if self._successor is not None:
                    return self._successor
                if self._closing:
                    break
            else:
                self._give_up()
        finally:
            receivers.discard(self._receiver)
            self._receiver.disarm()
        await self._leave()
        return None

    async def _answer(self) -> None:
        """Answer every request that is here: each is begun before any is waited for."""
        while not self._closing and self._successor is None:
            refused = None
            turns: list[_Turn] = []
            try:
                slow = self._begin_all(turns)
            except RequestRefused as exc:
                slow, refused = None, exc
            await self._flush(turns)
            if self._closing:
                return
            if refused is not None:
                self._refuse(refused)
            elif slow is not None:
                await self._answer_slowly(slow)
            elif len(turns) < self._state.http.max_pipelined:
                break
            else:
                await trio.lowlevel.checkpoint()  # who sends much must not starve the others
        if self._reader.wants_continue and not self._closing:
            self._outbox.write(CONTINUE)
            self._reader.wants_continue = False

    def _begin_all(self, turns: list[_Turn]) -> Request | None:
        """Begin what is here, up to the bound, into *turns*; a request among them that needs the slow way ends it.

        Raises:
            RequestRefused: what follows is no acceptable request.
        """
        while len(turns) < self._state.http.max_pipelined:
            request = self._reader.next_request()
            if request is None:
                break
            turn = self._begin(request)
            if turn is None:
                return request
            turns.append(turn)
            if not turn.keep_alive:
                break
        return None

    def _begin(self, request: Request) -> _Turn | None:
        framing = self._reader.framing
        self._state.counts.requests += 1
        if framing is None or self._reader.streaming or (framing.upgrades_to_websocket and request.version == "1.1"):
            return None
        try:
            reply = self._app.fast(request)
        except Exception:
            log.exception("request_failed", method=request.method)
            reply = _FAILED
        if reply is None:
            return None
        return _Turn(reply, request.method == "HEAD", framing.keep_alive, request.version == "1.0")

    async def _flush(self, turns: list[_Turn]) -> None:
        """Write the answers in order, joined as far as they are ready."""
        ready: list[bytes] = []
        for turn in turns:
            reply = turn.reply
            answer = reply if isinstance(reply, Answer) else reply.answer
            if answer is None:
                if ready:
                    self._outbox.write(b"".join(ready))
                    ready = []
                answer = await _settled(reply)
            ready.append(self._encode(answer, turn, last=turn is turns[-1]))
            if self._closing:
                break
        if ready:
            self._outbox.write(b"".join(ready))
            if self._outbox.pending_bytes > self._state.http.high_water_bytes and not await self._outbox.drained():
                self._closing = True

    def _encode(self, answer: Answer, turn: _Turn, *, last: bool) -> bytes:
        self._closing = answer.close or not turn.keep_alive or (last and self._state.draining)
        persistence = _CLOSE if self._closing else _KEEP_ALIVE if turn.old_version else b""
        common = self._state.common_headers()
        try:
            return encode_answer(answer, common=common, persistence=persistence, bodyless=turn.bodyless)
        except ValueError:
            log.exception("answer_unwritable", status=answer.status)
            self._closing = True
            return encode_answer(_FAILED, common=common, persistence=_CLOSE, bodyless=turn.bodyless)

    async def _answer_slowly(self, request: Request) -> None:
        """Answer a request that everything before it was answered for, and nothing behind it is begun for."""
        framing, reader = self._reader.framing, self._reader
        if framing is None:
            raise AssertionError("a request has a framing")
        if not reader.streaming:
            if framing.upgrades_to_websocket and request.version == "1.1" and await self._upgraded(request):
                return
            if not request.body and await self._streamed(request):
                return
        exchange = AsgiExchange(self._state, self._receiver, self._outbox, request, keep_alive=framing.keep_alive)
        await exchange.run(self._app.asgi)
        if not exchange.reusable:
            self._closing = True
            if exchange.refused is not None and not exchange.started:
                self._refuse(exchange.refused)
            elif not exchange.started:
                await self._flush([_Turn(_FAILED, request.method == "HEAD", keep_alive=False, old_version=False)])

    async def _upgraded(self, request: Request) -> bool:
        """Whether the handshake is settled, one way or the other."""
        if request.body:
            self._refuse(RequestRefused(400, "a WebSocket handshake has no body"))
            return True
        decision: Upgrade | Answer | None = refuse_handshake(request.method, request.headers)
        if decision is None:
            decision = await self._decide(request)
        if decision is None:
            return await self._answered_plainly(request)
        if isinstance(decision, Upgrade):
            decision = self._become_websocket(request, decision)
        if decision is not None:
            await self._flush([_Turn(decision, bodyless=False, keep_alive=not decision.close, old_version=False)])
        return True

    async def _decide(self, request: Request) -> Upgrade | Answer | None:
        try:
            decision = self._app.upgrade(request)
            if decision is None or isinstance(decision, Upgrade | Answer):
                return decision
            return await decision.wait()
        except Exception:
            log.exception("upgrade_failed")
            return _FAILED

    def _become_websocket(self, request: Request, upgrade: Upgrade) -> Answer | None:
        try:
            head = accept_handshake(request.headers, subprotocol=upgrade.subprotocol, extra=upgrade.headers)
        except ValueError:
            log.exception("upgrade_failed")
            return _FAILED
        self._outbox.rules = self._state.websocket_rules
        self._outbox.cork()  # what the handler says at once goes out together with the handshake
        self._outbox.write(head)
        websocket = WebSocket(self._state, self._link, self._outbox, self._peer, upgrade.handler)
        websocket.feed(self._reader.take_rest())
        self._successor = websocket
        return None

    async def _answered_plainly(self, request: Request) -> bool:
        """A handshake that the application takes for a plain request has not been offered to `fast` yet."""
        try:
            reply = self._app.fast(request)
        except Exception:
            log.exception("request_failed", method=request.method)
            reply = _FAILED
        if reply is None:
            return False
        framing = self._reader.framing
        keep_alive = framing is not None and framing.keep_alive
        await self._flush([_Turn(reply, request.method == "HEAD", keep_alive, request.version == "1.0")])
        return True

    async def _streamed(self, request: Request) -> bool:
        try:
            handler = self._app.stream(request)
        except Exception:
            log.exception("request_failed", method=request.method)
            await self._flush([_Turn(_FAILED, request.method == "HEAD", keep_alive=False, old_version=False)])
            return True
        if handler is None:
            return False
        self._outbox.rules = self._state.websocket_rules
        self._successor = HttpStream(self._state, self._link, self._outbox, self._peer, handler)
        return True

    def _give_up(self) -> None:
        """No more bytes will come; tell a peer that was too slow."""
        self._closing = False
        if self._receiver.expired:
            self._state.counts.timeouts += 1
            if self._reader.reading_head or self._reader.reading_body:
                self._refuse(RequestRefused(408, "the request came too slowly"))

    def _refuse(self, refused: RequestRefused) -> None:
        self._state.counts.bad_requests += 1
        self._closing = True
        body = msgspec.json.encode({"success": False, "error": {"code": refused.code, "message": refused.message}})
        answer = Answer(refused.status, body, close=True)
        self._outbox.write(encode_answer(answer, common=self._state.common_headers(), persistence=_CLOSE))

    async def _leave(self) -> None:
        """Flush; and where we are the ones to close, wait for the peer to see it."""
        if not self._closing:
            await self._outbox.drained()
            return
        http = self._state.http
        lingering = Lingering(self._link, self._outbox)
        await lingering.run(self._state.deadlines, seconds=http.linger_seconds, max_bytes=http.linger_bytes)


async def _settled(reply: Answer | Pending) -> Answer:
    if isinstance(reply, Answer):
        return reply
    try:
        return await reply.wait()
    except Exception:
        log.exception("request_failed")
        return _FAILED
