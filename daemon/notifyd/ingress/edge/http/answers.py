"""Answers of one connection, in the order of their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from notifyd.ingress.edge.http.app import LongPoll, Pending
from notifyd.ingress.edge.refusals import failed, refusal
from notifyd.wire.http.answer import CONTINUE, Answer, encode_answer

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.receiver import HttpReceiver
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState
    from notifyd.wire.http.head import RequestRefused

_CLOSE = b"Connection: close\r\n"
_KEEP_ALIVE = b"Connection: keep-alive\r\n"
_NOTHING = Answer(200)
# a peer that sends this much before it has the answer that it waits for is not served any longer
_MAX_READ_AHEAD_BYTES = 65_536


class Turn(Struct, frozen=True):
    """An answer in its place among the others."""

    reply: Answer | Pending | LongPoll
    bodyless: bool = False
    #: the request allows another one behind it
    keep_alive: bool = False
    #: the request spoke HTTP/1.0
    old_version: bool = False


class AnswerWriter:
    """Writes answers, and knows when one of them was the last."""

    __slots__ = ("_outbox", "_receiver", "_state", "closing")

    def __init__(self, state: EdgeState, receiver: HttpReceiver, outbox: Outbox) -> None:
        self._state = state
        self._receiver = receiver
        self._outbox = outbox
        #: the peer was told that this connection ends
        self.closing = False

    async def write(self, turns: list[Turn]) -> bool:
        """Write the answers in order, joined as far as they are ready; whether others may follow."""
        ready: list[bytes] = []
        for turn in turns:
            answer = _answer_at_hand(turn.reply)
            if answer is None:
                if ready:
                    self._outbox.write(b"".join(ready))
                    ready = []
                answer = await self._settled(turn.reply)
                if answer is None:
                    self.closing = True
                    break
            ready.append(self._encode(answer, turn, last=turn is turns[-1]))
            if self.closing:
                break
        if ready:
            self._outbox.write(b"".join(ready))
            if self._outbox.pending_bytes > self._state.http.high_water_bytes and not await self._outbox.drained():
                self.closing = True
        return not self.closing

    async def _settled(self, reply: Answer | Pending | LongPoll) -> Answer | None:
        if isinstance(reply, Answer):
            return reply
        try:
            return await (self._polled(reply) if isinstance(reply, LongPoll) else reply.wait())
        except Exception:  # noqa: BLE001 - it is logged with the id that the answer names
            return failed("request_failed")

    async def _polled(self, poll: LongPoll) -> Answer | None:
        """The answer of *poll*, None where the peer did not wait for it."""
        receiver = self._receiver
        poll.watched(receiver.wake)
        answer = None
        try:
            while receiver.reader.buffered_bytes <= _MAX_READ_AHEAD_BYTES and await receiver.watch():
                answer = poll.take()
                if answer is not None:
                    break
        finally:
            if answer is None:
                poll.left()
        return answer

    def refuse(self, refused: RequestRefused, request: Request | None = None) -> None:
        """Answer what is no acceptable request, and *request* as far as it was understood."""
        self._state.counts.bad_requests += 1
        bodyless = request is not None and request.method == "HEAD"
        self._outbox.write(self._encode(refusal(refused, request), Turn(_NOTHING, bodyless), last=True))

    def invite_body(self) -> None:
        """Tell a peer that waits with its body to send it."""
        self._outbox.write(CONTINUE)

    def _encode(self, answer: Answer, turn: Turn, *, last: bool) -> bytes:
        self.closing = answer.close or not turn.keep_alive or (last and self._state.draining)
        persistence = _CLOSE if self.closing else _KEEP_ALIVE if turn.old_version else b""
        common = self._state.common_headers()
        try:
            return encode_answer(answer, common=common, persistence=persistence, bodyless=turn.bodyless)
        except ValueError:
            self.closing = True
            instead = failed("answer_unwritable", status=answer.status)
            return encode_answer(instead, common=common, persistence=_CLOSE, bodyless=turn.bodyless)


def _answer_at_hand(reply: Answer | Pending | LongPoll) -> Answer | None:
    if isinstance(reply, Answer):
        return reply
    return reply.take() if isinstance(reply, LongPoll) else reply.answer
