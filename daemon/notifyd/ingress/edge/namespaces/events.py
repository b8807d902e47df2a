"""The events that a user's connection may say, and what becomes of each, in both protocols of the namespaces."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from notifyd.errors import Invalid, NotifydError
from notifyd.model.request_ids import usable_request_id

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from notifyd.ingress.edge.catch_up import CatchUps
    from notifyd.ingress.edge.namespaces.requests import Answer, Encoders, Requests
    from notifyd.store.ports import Attendance

#: What an answer goes to: Socket.IO's ack, or the message that has an id.
Asked = TypeVar("Asked")
AskedContra = TypeVar("AskedContra", contravariant=True)

Step = Coroutine[Any, Any, None] | None

#: Answered by each protocol in its own way.
PING: Final = "ping"


class Voice(Protocol[AskedContra]):
    """How a protocol says things."""

    def reply(self, answer: Answer, event: str, asked: AskedContra) -> None:
        """Give *answer* to who asked, or as *event* ("" for not at all) where nobody waits."""
        ...

    def refuse(self, problem: NotifydError, asked: AskedContra) -> None:
        """Say what is wrong."""
        ...


class Events(Generic[Asked]):
    """The events of one connection."""

    __slots__ = ("_voice", "catch_ups", "requests")

    def __init__(self, requests: Requests, catch_ups: CatchUps, voice: Voice[Asked]) -> None:
        self.requests = requests
        self.catch_ups = catch_ups
        self._voice = voice

    def answer(self, name: str, body: Any, asked: Asked, encoders: Encoders) -> Step:
        """Answer one; what is wrong is said. A coroutine is to be awaited before the next one."""
        try:
            if name == "subscribe":
                attendance = self.requests.attend(body)
                if attendance is not None:
                    return self._subscribe_later(attendance, body, asked, encoders)
                self._subscribe(body, asked, encoders)
                return None
            respond = _ANSWERS.get(name)
            if respond is None:
                known = ", ".join((PING, "subscribe", *_ANSWERS))
                raise Invalid(f"there is no event {name!r:.80}: known are {known}", code="unknown_event")
            return respond(self, body, asked)
        except NotifydError as exc:
            self._refuse(exc, body, asked)
            return None

    def _refuse(self, problem: NotifydError, body: Any, asked: Asked) -> None:
        # set anew each time: one failure of the store may be told to several
        problem.request_id = usable_request_id(body.get("requestId")) if isinstance(body, dict) else ""
        self._voice.refuse(problem, asked)

    async def _later(self, answering: Awaitable[Answer], event: str, body: Any, asked: Asked) -> None:
        try:
            answer = await answering
        except NotifydError as exc:
            self._refuse(exc, body, asked)
        else:
            self._voice.reply(answer, event, asked)

    def _job(self, body: Any, asked: Asked) -> Step:
        return self._later(self.requests.publish(body), "", body, asked)

    def _authenticate(self, body: Any, asked: Asked) -> None:
        self._voice.reply(self.requests.authenticate(body), "authenticated", asked)

    async def _subscribe_later(self, attendance: Attendance, body: Any, asked: Asked, encoders: Encoders) -> None:
        try:
            await attendance.wait()
            if self.requests.live:
                self._subscribe(body, asked, encoders)
        except NotifydError as exc:
            self._refuse(exc, body, asked)

    def _subscribe(self, body: Any, asked: Asked, encoders: Encoders) -> None:
        self.catch_ups.check_room()
        done = self.requests.subscribe(body, encoders)
        self.catch_ups.drop(done.answer["channel"])
        self._voice.reply(done.answer, "subscribed", asked)
        if done.source is not None:
            self.catch_ups.begin(done.source)
        elif done.start is not None:
            done.start()

    def _unsubscribe(self, body: Any, asked: Asked) -> None:
        answer = self.requests.unsubscribe(body)
        self.catch_ups.drop(answer["channel"])
        self._voice.reply(answer, "unsubscribed", asked)

    def _ack(self, body: Any, asked: Asked) -> Step:
        return self._later(self.requests.ack(body), "acked", body, asked)

    def _nack(self, body: Any, asked: Asked) -> Step:
        return self._later(self.requests.nack(body), "nacked", body, asked)

    def _presence(self, body: Any, asked: Asked) -> None:
        self._voice.reply(self.requests.presence(body), "presence", asked)


_ANSWERS: Final[dict[str, Callable[[Events[Any], Any, Any], Step]]] = {
    "notification-job": Events._job,
    "authenticate": Events._authenticate,
    "unsubscribe": Events._unsubscribe,
    "ack": Events._ack,
    "nack": Events._nack,
    "presence": Events._presence,
}

#: Every event that a connection may say.
EVENT_NAMES: Final = frozenset({PING, "subscribe", *_ANSWERS})
