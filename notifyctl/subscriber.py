"""`listen --url`: a true WebSocket subscriber, which takes every channel up again where it broke off."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any, Final

import trio
import trio_websocket

from notifyctl import convert
from notifyctl.backoff import Backoff
from notifyctl.exits import Refusal, Status, status_of
from notifyctl.listening import Deadline, Places, subscribed_note
from notifyd.v1.types_pb2 import StreamPosition

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.output import Record

_CONNECT_SECONDS: Final = 15.0
_CLOSE_SECONDS: Final = 1.0
#: A link is dead when a ping is not answered: sooner than most proxies cut an idle connection.
_PING_EVERY_SECONDS: Final = 20.0
_PONG_WITHIN_SECONDS: Final = 10.0
_MOST_MESSAGE_BYTES: Final = 64 * 1024 * 1024
#: Close codes after which coming back is no use, and how the command then ends.
_FINAL: Final = {
    1000: Status.OK,
    4000: Status.FAILED,
    4003: Status.DENIED,
    4004: Status.DENIED,
    4005: Status.DENIED,
}
_HANDSHAKE: Final = {400: Status.USAGE, 401: Status.DENIED, 403: Status.DENIED, 404: Status.NOT_FOUND}


class Dropped(Exception):
    """The link is gone, and coming back makes sense."""


class Subscriber:
    """One subscription to some channels over WebSocket, by whatever number of connections it takes."""

    def __init__(self, url: str, key: str, places: Places, *, note: Callable[[str], None]) -> None:
        self._url = url
        self._key = key
        self._places = places
        self._note = note
        self._backoff = Backoff()
        self._been_there = False

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
            await self._once(receive)
        except Dropped as dropped:
            pause = self._backoff.next_seconds()
            self._note(f"{dropped} Trying again in {pause:.1f} s.")
            await trio.sleep(pause)
            return False
        return True

    async def _once(self, receive: Callable[[Record], None]) -> None:
        """One connection, from its handshake to a close that means "done"."""
        try:
            async with trio.open_nursery() as nursery:
                await self._converse(nursery, receive)
        except BaseExceptionGroup as group:
            raise _leading(group) from group

    async def _converse(self, nursery: trio.Nursery, receive: Callable[[Record], None]) -> None:
        websocket = await self._connect(nursery)
        try:
            nursery.start_soon(_keep_alive, websocket)
            await self._authenticate(websocket)
            await self._subscribe(websocket)
            while True:
                self._take(await websocket.get_message(), receive)
        except trio_websocket.ConnectionClosed as exc:
            self._closed(exc)
        finally:
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await websocket.aclose()
            nursery.cancel_scope.cancel()

    async def _connect(self, nursery: trio.Nursery) -> Any:
        try:
            with trio.fail_after(_CONNECT_SECONDS):
                return await trio_websocket.connect_websocket_url(
                    nursery, self._url, ssl_context=_tls(self._url), max_message_size=_MOST_MESSAGE_BYTES
                )
        except trio_websocket.ConnectionRejected as exc:
            if (status := _HANDSHAKE.get(exc.status_code)) is not None:
                raise Refusal(f"{self._url} refused the WebSocket with HTTP {exc.status_code}.", status) from exc
            raise self._unreachable(f"HTTP {exc.status_code}") from exc
        except ssl.SSLCertVerificationError as exc:
            raise Refusal(f"The certificate of {self._url} is not trusted: {exc.verify_message}.") from exc
        except (trio_websocket.HandshakeError, trio.TooSlowError, trio.BrokenResourceError, OSError) as exc:
            raise self._unreachable(str(exc) or "no answer in time") from exc

    def _unreachable(self, reason: str) -> Dropped | Refusal:
        sentence = f"{self._url} cannot be reached ({reason})."
        return Dropped(sentence) if self._been_there else Refusal(sentence, Status.UNREACHABLE, code="unreachable")

    async def _authenticate(self, websocket: Any) -> None:
        await _say(websocket, {"type": "authenticate", "apiKey": self._key})
        while (answer := _parsed(await websocket.get_message())).get("type") != "authenticated":
            _refuse_error(answer)
        self._been_there = True
        self._backoff.reset()

    async def _subscribe(self, websocket: Any) -> None:
        for channel in self._places.channels:
            since = self._places.asked(channel)
            wanted = {} if since is None else {"since": {"epoch": since.epoch, "offset": since.offset}}
            await _say(websocket, {"type": "subscribe", "channel": channel, "requestId": channel, **wanted})

    def _take(self, message: str | bytes, receive: Callable[[Record], None]) -> None:
        content = _parsed(message)
        if content.get("type") == "notification":
            publication = _publication(content["notification"])
            receive(publication)
            self._places.received(publication)
        elif content.get("type") == "subscribed":
            self._subscribed(content)
        else:
            _refuse_error(content)

    def _subscribed(self, answer: Record) -> None:
        position = StreamPosition(epoch=answer["position"]["epoch"], offset=answer["position"]["offset"])
        note = subscribed_note(
            answer["channel"], position, recovered=answer.get("recovered"), skipped=answer.get("skipped", 0)
        )
        if note:
            self._note(note)
        self._places.subscribed(answer["channel"], position, replayed=answer.get("replayed", 0))

    def _closed(self, closed: trio_websocket.ConnectionClosed) -> None:
        """Return when the close means "done"; else raise what it means."""
        reason = closed.reason
        if reason is None:
            raise Dropped("The link broke.") from closed
        said = f"The daemon closed the connection: {reason.code} {reason.reason or reason.name}."
        if reason.code not in _FINAL:
            raise Dropped(said) from closed
        if _FINAL[reason.code] is not Status.OK:
            raise Refusal(said, _FINAL[reason.code], code=f"closed_{reason.code}") from closed


def _leading(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a connection's end comes down to: a link that breaks can be noticed by two tasks at once."""
    leaves = [_leading(each) if isinstance(each, BaseExceptionGroup) else each for each in group.exceptions]
    return min(leaves, key=lambda problem: isinstance(problem, Dropped))


async def _keep_alive(websocket: Any) -> None:
    """Find out that the other side is gone without a word, and end the connection then."""
    while True:
        await trio.sleep(_PING_EVERY_SECONDS)
        try:
            with trio.fail_after(_PONG_WITHIN_SECONDS):
                await websocket.ping()
        except trio_websocket.ConnectionClosed:
            return
        except trio.TooSlowError:
            raise Dropped("The link is dead: a ping was not answered.") from None


async def _say(websocket: Any, message: Record) -> None:
    await websocket.send_message(json.dumps(message, ensure_ascii=False))


def _parsed(message: str | bytes) -> Record:
    content = convert.parsed(message if isinstance(message, str) else message.decode())
    return content if isinstance(content, dict) else {}


def _publication(notification: Record) -> Record:
    """A publication with all its fields, as the admin socket tells them."""
    names = ("id", "channel", "data", "metadata", "priority", "timestamp", "epoch", "offset")
    return {name: notification.get(name) for name in names}


def _refuse_error(answer: Record) -> None:
    if answer.get("type") == "error":
        code = str(answer.get("code", ""))
        raise Refusal(str(answer.get("message", code)), status_of(code), code=code)


def _tls(url: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if url.startswith("wss:") else None
