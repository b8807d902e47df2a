"""`listen --url`: a true WebSocket subscriber, which takes every channel up again where it broke off."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio
import trio_websocket

from notifyctl import convert
from notifyctl.acking import Printed, acks
from notifyctl.exits import Refusal, Status, status_of
from notifyctl.link import Dropped, Unreachable, close_link, open_link
from notifyctl.listening import Deadline, Enough, Places, Reconnecting, subscribed_note
from notifyd.v1.types_pb2 import StreamPosition

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.output import Record

_ANSWER_SECONDS: Final = 15.0
#: Close codes after which coming back is no use, and how the command then ends.
_FINAL: Final = {
    1000: Status.OK,
    4000: Status.FAILED,
    4003: Status.DENIED,
    4004: Status.DENIED,
    4005: Status.DENIED,
}


class Subscriber:
    """One subscription to some channels over WebSocket, by whatever number of connections it takes.

    The credential is `{"apiKey": ...}`, or `{"token": ...}` of a user, whose inbox comes too.
    """

    def __init__(self, url: str, credential: Record, places: Places, *, note: Callable[[str], None]) -> None:
        self._url = url
        self._credential = credential
        self._places = places
        self._note = note
        self._reconnecting = Reconnecting(note)
        self._printed = Printed()

    async def run(self, receive: Callable[[Record], None], deadline: Deadline) -> None:
        """Hand every publication to *receive* until *deadline* or a close that means "done".

        Raises:
            Refusal: the daemon will not have us, or was not there at the first attempt.
        """
        with trio.move_on_after(deadline.clip(float("inf"))):
            while not await self._done(receive):
                pass

    async def _done(self, receive: Callable[[Record], None]) -> bool:
        """Whether one connection ended with a close that means "done"; otherwise the pause before the next is over."""
        try:
            async with open_link(self._url) as websocket:
                await self._converse(websocket, receive)
        except Dropped as dropped:
            if isinstance(dropped, Unreachable) and not self._reconnecting.been_there:
                raise Refusal(f"{dropped}.", Status.UNREACHABLE, code="unreachable") from dropped
            await trio.sleep(self._reconnecting.dropped(str(dropped)))
            return False
        return True

    async def _converse(self, websocket: Any, receive: Callable[[Record], None]) -> None:
        try:
            await self._authenticate(websocket)
            await self._subscribe(websocket)
            while True:
                await self._take(websocket, await websocket.get_message(), receive)
        except trio_websocket.ConnectionClosed as exc:
            self._closed(exc)
        finally:
            await close_link(websocket)

    async def _authenticate(self, websocket: Any) -> None:
        try:
            with trio.fail_after(_ANSWER_SECONDS):
                await _say(websocket, {"type": "authenticate", **self._credential, **self._inbox_wish()})
                while (answer := _parsed(await websocket.get_message())).get("type") != "authenticated":
                    _refuse_error(answer)
        except trio.TooSlowError:
            raise Unreachable(f"{self._url} does not answer") from None
        self._reconnecting.returned()
        if "position" in answer:
            self._places.user = str(answer.get("userId", ""))
            # without a position of ours it is not told how much is replayed
            self._standing("", {"replayed": 1, **answer})

    def _inbox_wish(self) -> Record:
        acked: Record = {"ack": True} if self._places.ack and "token" in self._credential else {}
        return {**_since(self._places.inbox), **acked}

    async def _subscribe(self, websocket: Any) -> None:
        acked: Record = {"ack": True} if self._places.ack else {}
        if self._places.durable:
            acked["durable"] = self._places.durable
        for channel in self._places.channels:
            since = _since(self._places.asked(channel))
            await _say(websocket, {"type": "subscribe", "channel": channel, "requestId": channel, **since, **acked})

    async def _take(self, websocket: Any, message: str | bytes, receive: Callable[[Record], None]) -> None:
        content = _parsed(message)
        if content.get("type") == "notification":
            await self._hand_over(websocket, _publication(content["notification"], self._places.user), receive)
        elif content.get("type") == "subscribed":
            self._standing(content["channel"], content)
        elif content.get("type") == "acked":
            self._printed.acked(content.get("ids", ()))
        else:
            _refuse_error(content)

    async def _hand_over(self, websocket: Any, publication: Record, receive: Callable[[Record], None]) -> None:
        enough = None
        if not (self._places.seen(publication) or self._printed.before(publication)):
            try:
                receive(publication)
            except Enough as exc:
                enough = exc
            self._places.received(publication)
        if self._acks(publication):
            self._printed.add(publication["id"])
            await _say(websocket, {"type": "ack", "ids": [publication["id"]]})
        if enough is not None:
            await self._answered(websocket)
            raise enough

    def _acks(self, publication: Record) -> bool:
        return self._places.ack and acks(publication)

    async def _answered(self, websocket: Any) -> None:
        """Wait a moment for the answers to the last acks."""
        with suppress(trio_websocket.ConnectionClosed), trio.move_on_after(_ANSWER_SECONDS):
            while self._printed.unanswered:
                content = _parsed(await websocket.get_message())
                if content.get("type") == "acked":
                    self._printed.acked(content.get("ids", ()))

    def _standing(self, channel: str, answer: Record) -> None:
        """The daemon told where *channel* (empty: the inbox) stands."""
        position = StreamPosition(epoch=answer["position"]["epoch"], offset=answer["position"]["offset"])
        name = self._places.name(channel)
        note = subscribed_note(name, position, recovered=answer.get("recovered"), skipped=answer.get("skipped", 0))
        if note:
            self._note(note)
        self._places.subscribed(channel, position, replayed=answer.get("replayed", 0))

    def _closed(self, closed: trio_websocket.ConnectionClosed) -> None:
        """Return when the close means "done"; else raise what it means."""
        reason = closed.reason
        if reason is None:
            raise Dropped("The link broke") from closed
        said = f"The daemon closed the connection: {reason.code} {reason.reason or reason.name}"
        if reason.code not in _FINAL:
            raise Dropped(said) from closed
        if _FINAL[reason.code] is not Status.OK:
            raise Refusal(f"{said}.", _FINAL[reason.code], code=f"closed_{reason.code}") from closed


async def _say(websocket: Any, message: Record) -> None:
    await websocket.send_message(json.dumps(message, ensure_ascii=False))


def _parsed(message: str | bytes) -> Record:
    content = convert.parsed(message if isinstance(message, str) else message.decode())
    return content if isinstance(content, dict) else {}


def _since(place: StreamPosition | None) -> Record:
    return {} if place is None else {"since": {"epoch": place.epoch, "offset": place.offset}}


def _publication(notification: Record, user: str) -> Record:
    """A publication with all its fields, as the admin socket tells them."""
    names = ("id", "channel", "data", "metadata", "priority", "timestamp", "epoch", "offset")
    made = {name: notification.get(name) for name in names}
    from_inbox = made["channel"] is None and made["epoch"] is not None
    return {**made, "userId": user if from_inbox else None, "attempt": notification.get("attempt", 1)}


def _refuse_error(answer: Record) -> None:
    if answer.get("type") == "error":
        code = str(answer.get("code", ""))
        raise Refusal(str(answer.get("message", code)), status_of(code), code=code)
