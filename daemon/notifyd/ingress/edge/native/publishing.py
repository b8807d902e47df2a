"""Publishing over a connection: what comes together is kept together, and answered in its order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from notifyd.errors import NotAuthenticated, NotifydError
from notifyd.model.command import Publish
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.model.request_ids import usable_request_id
from notifyd.wire import native
from notifyd.wire.websocket.frames import text_frame

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.model.principal import Principal
    from notifyd.store.ports import Pending

#: Of one connection on their way to the store; what comes behind them is read when they are answered.
_MOST: Final = 256
#: Answers in one write.
_WRITTEN_TOGETHER: Final = 64


class Turns:
    """The publishes of one connection that are not answered yet, and refusals among them."""

    __slots__ = ("_peer", "_waiting")

    def __init__(self, peer: NativeConnection) -> None:
        self._peer = peer
        self._waiting: deque[tuple[Pending | NotifydError, native.RequestId]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def hand_in(self, message: native.Publish) -> Step:
        """Hand a notification in; its receipt is told by `answer`.

        Raises:
            NotifydError: nothing was accepted.
        """
        try:
            principal = _producer(self._peer)
        except NotifydError:
            self._peer.services.publisher.refused()
            raise
        pending = self._peer.services.publisher.submit(principal, _command(message))
        self._waiting.append((pending, message.request_id))
        return self.answer() if len(self._waiting) >= _MOST else None

    def refuse(self, problem: NotifydError, request_id: native.RequestId) -> None:
        """Tell what is wrong with a message, behind the answers to those before it."""
        if self._waiting:
            self._waiting.append((problem, request_id))
        else:
            self._peer.refuse(problem, request_id)

    async def then(self, message: native.Message) -> None:
        """Answer *message* once all before it are answered."""
        await self.answer()
        try:
            step = self._peer.answer(message)
            if step is not None:
                await step
        except NotifydError as exc:
            self._peer.refuse(exc, message.request_id)

    async def answer(self) -> None:
        """Answer all, those together that are kept together."""
        answers: list[bytes] = []
        while self._waiting:
            pending, request_id = self._waiting.popleft()
            if len(answers) >= _WRITTEN_TOGETHER or isinstance(pending, NotifydError) or not pending.done():
                self._write(answers)
            try:
                if isinstance(pending, NotifydError):
                    raise pending
                accepted = await pending.result()
            except NotifydError as exc:
                self._write(answers)
                self._peer.refuse(exc, request_id)
            else:
                answers.append(text_frame(native.published(accepted.id, self._peer.services.durability, request_id)))
        self._write(answers)

    def _write(self, answers: list[bytes]) -> None:
        if answers:
            self._peer.put_or_end(b"".join(answers))
            answers.clear()


def _producer(peer: NativeConnection) -> Principal:
    principal = peer.connection.principal
    if principal is None:
        raise NotAuthenticated("authenticate first", code="not_authenticated")
    peer.services.limiter.check(principal.subject)
    return principal


def _command(message: native.Publish) -> Publish:
    return Publish(
        kind=Kind.CHANNEL,
        channel=message.channel,
        data=bytes(message.data),
        metadata=bytes(message.metadata or b""),
        priority=DEFAULT_PRIORITY if message.priority is None else message.priority,
        request_id="" if message.request_id is None else usable_request_id(message.request_id),
    )
