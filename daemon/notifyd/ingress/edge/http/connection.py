"""One HTTP/1.1 connection: requests in, answers out in order, until it ends or becomes something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import trio

from notifyd.ingress.edge.asgi import AsgiExchange
from notifyd.ingress.edge.http.answers import AnswerWriter, Turn
from notifyd.ingress.edge.http.app import Handover, Upgrade
from notifyd.ingress.edge.http.reader import RequestReader
from notifyd.ingress.edge.http.receiver import HttpReceiver
from notifyd.ingress.edge.http.stream import HttpStream
from notifyd.ingress.edge.lingering import Lingering
from notifyd.ingress.edge.refusals import failed
from notifyd.ingress.edge.siblings.tunnel import Tunnel
from notifyd.ingress.edge.websocket.socket import WebSocket
from notifyd.wire.http.answer import Answer
from notifyd.wire.http.head import RequestRefused
from notifyd.wire.websocket.handshake import accept_handshake, check_handshake

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.app import HttpApp, LongPoll, Pending
    from notifyd.ingress.edge.http.request import Peer, Request
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState


class Successor(Protocol):
    """What a connection becomes when it leaves HTTP."""

    async def run(self) -> None:
        """Serve it to its end."""


class HttpConnection:
    """Serves requests until the connection ends or leaves HTTP."""

    __slots__ = ("_answers", "_app", "_link", "_outbox", "_peer", "_reader", "_receiver", "_state", "_successor")

    def __init__(self, state: EdgeState, app: HttpApp, link: Link, outbox: Outbox, peer: Peer) -> None:
        self._state = state
        self._app = app
        self._link = link
        self._outbox = outbox
        self._peer = peer
        self._reader = RequestReader(state.http, peer, secure=link.secure)
        self._receiver = HttpReceiver(state, link, outbox, self._reader)
        self._answers = AnswerWriter(state, self._receiver, outbox)
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
                if self._answers.closing:
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
        answers = self._answers
        while not answers.closing and self._successor is None:
            turns: list[Turn] = []
            slow: Request | None = None
            refused: RequestRefused | None = None
            try:
                slow = self._begin_all(turns)
            except RequestRefused as exc:
                refused = exc
            seen = self._reader.buffered_bytes
            if not await answers.write(turns):
                return
            if refused is not None:
                answers.refuse(refused)
            elif slow is not None:
                await self._answer_slowly(slow)
            elif len(turns) < self._state.http.max_pipelined and seen == self._reader.buffered_bytes:
                break  # nothing is left, and nothing came while a long poll was waited for
            else:
                await trio.lowlevel.checkpoint()  # who sends much must not starve the others
        if self._reader.wants_continue and not answers.closing:
            answers.invite_body()
            self._reader.wants_continue = False

    def _begin_all(self, turns: list[Turn]) -> Request | None:
        """Begin what is here, up to the bound, into *turns*; a request among them that needs the slow way ends it.

        Raises:
            RequestRefused: what follows is no acceptable request.
        """
        reader, counts = self._reader, self._state.counts
        while len(turns) < self._state.http.max_pipelined:
            request = reader.next_request()
            if request is None:
                break
            counts.requests += 1
            if reader.streaming or self._leaves_http(request):
                return request
            turn = self._ask_fast(request)
            if turn is None:
                return request
            turns.append(turn)
            if not turn.keep_alive:
                break
        return None

    def _leaves_http(self, request: Request) -> bool:
        # RFC 9110, section 7.8: a server ignores the upgrade of an HTTP/1.0 client
        return self._reader.framing.upgrades_to_websocket and request.version == "1.1"

    def _ask_fast(self, request: Request) -> Turn | None:
        reply: Answer | Pending | LongPoll | None
        try:
            reply = self._app.fast(request)
        except Exception:  # noqa: BLE001 - it is logged with the id that the answer names
            reply = failed("request_failed", request)
        return None if reply is None else self._turn(request, reply)

    def _turn(self, request: Request, reply: Answer | Pending | LongPoll) -> Turn:
        return Turn(reply, request.method == "HEAD", self._reader.framing.keep_alive, request.version == "1.0")

    async def _answer_slowly(self, request: Request) -> None:
        """Answer a request that everything before it was answered for, and nothing behind it is begun for."""
        if not self._reader.streaming:
            if self._leaves_http(request) and await self._upgraded(request):
                return
            if not request.body and await self._streamed(request):
                return
        keep_alive = self._reader.framing.keep_alive
        exchange = AsgiExchange(self._state, self._receiver, self._outbox, request, keep_alive=keep_alive)
        await exchange.run(self._app.asgi)
        if exchange.reusable:
            return
        self._answers.closing = True
        if exchange.started:
            return
        if exchange.refused is not None:
            self._answers.refuse(exchange.refused, request)
        else:
            fault = exchange.fault or failed("request_unanswered", request)
            await self._answers.write([self._turn(request, fault)])

    async def _upgraded(self, request: Request) -> bool:
        """Whether the handshake is settled, one way or the other."""
        try:
            check_handshake(request.method, request.headers, request.body)
        except RequestRefused as refused:
            self._answers.refuse(refused, request)
            return True
        decision = await self._decide(request)
        if isinstance(decision, Handover):
            self._outbox.rules = self._state.websocket_rules
            self._successor = Tunnel(self._state, self._link, self._outbox, decision.stream, self._reader.take_rest())
            return True
        if isinstance(decision, Upgrade):
            decision = self._become_websocket(request, decision)
            if decision is None:
                return True
        turn = self._ask_fast(request) if decision is None else self._turn(request, decision)
        if turn is not None:
            await self._answers.write([turn])
        return turn is not None

    async def _decide(self, request: Request) -> Upgrade | Handover | Answer | None:
        try:
            decision = self._app.upgrade(request)
            if decision is None or isinstance(decision, Upgrade | Answer):
                return decision
            return await decision.wait()
        except Exception:  # noqa: BLE001 - it is logged with the id that the answer names
            return failed("upgrade_failed", request)

    def _become_websocket(self, request: Request, upgrade: Upgrade) -> Answer | None:
        try:
            head = accept_handshake(request.headers, subprotocol=upgrade.subprotocol, extra=upgrade.headers)
        except ValueError:
            return failed("upgrade_failed", request)
        self._outbox.rules = self._state.websocket_rules
        self._outbox.cork()  # what the handler says at once goes out together with the handshake
        self._outbox.write(head)
        websocket = WebSocket(self._state, self._link, self._outbox, self._peer, upgrade)
        websocket.feed(self._reader.take_rest())
        self._successor = websocket
        return None

    async def _streamed(self, request: Request) -> bool:
        try:
            handler = self._app.stream(request)
        except Exception:  # noqa: BLE001 - it is logged with the id that the answer names
            await self._answers.write([self._turn(request, failed("request_failed", request))])
            return True
        if handler is None:
            return False
        self._outbox.rules = self._state.websocket_rules
        self._successor = HttpStream(self._state, self._link, self._outbox, self._peer, handler)
        return True

    def _give_up(self) -> None:
        """No more bytes will come; tell a peer that was too slow."""
        if self._receiver.expired:
            self._state.counts.timeouts += 1
            if self._reader.reading_head or self._reader.reading_body:
                self._answers.refuse(RequestRefused(408, "the request came too slowly"))

    async def _leave(self) -> None:
        """Flush; and where we are the ones to close, wait for the peer to see it."""
        if not self._answers.closing:
            await self._outbox.drained()
            return
        http = self._state.http
        await Lingering(self._link, self._outbox).run(
            self._state.deadlines,
            seconds=http.linger_seconds,
            max_bytes=max(http.linger_bytes, 2 * http.max_body_bytes),  # what was too large may still be under way
        )
