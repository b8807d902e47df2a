"""A client of the plain JSON protocol, on trio-websocket."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream
from wsproto.utilities import LocalProtocolError

from tests.e2e.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Message = dict[str, Any]

#: Opens the way to a host and a port.
Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]

HANDSHAKE_SECONDS: Final = 5.0


class Ended(msgspec.Struct, frozen=True):
    """How a connection was closed."""

    code: int
    reason: str


class Peer:
    """One connection."""

    def __init__(self, ws: WebSocketConnection) -> None:
        self.ws = ws
        self._asked = 0
        #: Notifications that came while something else was waited for.
        self._kept: deque[Message] = deque()

    async def say(self, kind: str, **fields: object) -> None:
        """Send one message; a field `api_key` goes as apiKey."""
        names = {"api_key": "apiKey", "request_id": "requestId"}
        body = {"type": kind} | {names.get(name, name): value for name, value in fields.items()}
        await self.ws.send_message(msgspec.json.encode(body).decode())

    async def hear(self) -> Message:
        """The next message, whatever it is."""
        return dict(msgspec.json.decode(await self.ws.get_message()))

    async def ask(self, kind: str, **fields: object) -> Message:
        """Send one message and give its answer; notifications that come before it are kept for `notification`."""
        self._asked += 1
        await self.say(kind, request_id=self._asked, **fields)
        while True:
            message = await self.hear()
            if message.get("requestId") == self._asked:
                return message
            assert message["type"] == "notification", message
            self._kept.append(message["notification"])

    async def authenticate(self, key: str) -> None:
        """Be greeted and let in."""
        assert (await self.hear())["type"] == "connected"
        answer = await self.ask("authenticate", api_key=key)
        assert answer["type"] == "authenticated", answer

    async def subscribe(self, channel: str, since: Message | None = None) -> Message:
        """Subscribe, which has to work; the answer."""
        answer = await self.ask("subscribe", channel=channel, **({} if since is None else {"since": since}))
        assert answer["type"] == "subscribed", answer
        return answer

    async def notification(self) -> Message:
        """The next notification; anything else in its place is a failure."""
        if self._kept:
            return self._kept.popleft()
        message = await self.hear()
        assert message["type"] == "notification", message
        return dict(message["notification"])

    async def notifications(self, count: int) -> list[Message]:
        """The next *count*."""
        return [await self.notification() for _ in range(count)]

    async def ended(self) -> Ended:
        """Read until the connection is closed."""
        try:
            while True:
                await self.ws.get_message()
        except ConnectionClosed as closed:
            return ended(closed)


def ended(closed: ConnectionClosed) -> Ended:
    """What a closed connection was told."""
    return Ended(closed.reason.code, closed.reason.reason or "") if closed.reason else Ended(1006, "")


@asynccontextmanager
async def connect(url: str, dial: Dial = trio.open_tcp_stream) -> AsyncIterator[Peer]:
    """A connection that has said nothing yet. Leaving it closes it politely where the daemon still answers."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    leaving = False
    try:
        # trio-websocket leaves a socket open when the handshake or the connection breaks: this one is ours to close
        async with await dial(host, port) as stream, trio.open_nursery() as nursery:
            # where the daemon dies in the midst of the handshake, trio-websocket waits for its answer for ever
            with trio.fail_after(HANDSHAKE_SECONDS * PATIENCE):
                ws = await wrap_client_stream(
                    nursery,
                    stream,
                    f"{host}:{port}",
                    parts.path or "/",
                    message_queue_size=64,
                    max_message_size=16 << 20,
                    receive_buffer_size=65_536,
                )
            yield Peer(ws)
            leaving = True
            with trio.move_on_after(2):
                await ws.aclose()
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        problem = _only(group)
        # trio-websocket answers a ping also while it closes, and breaks on that
        if not (leaving and isinstance(problem, LocalProtocolError)):
            raise problem from None


def _only(problem: BaseException) -> BaseException:
    """What a group is about, where it holds one."""
    while isinstance(problem, BaseExceptionGroup) and len(problem.exceptions) == 1:
        problem = problem.exceptions[0]
    return problem


@asynccontextmanager
async def join(url: str, key: str, *channels: str, dial: Dial = trio.open_tcp_stream) -> AsyncIterator[Peer]:
    """An authenticated connection, subscribed to *channels*."""
    async with connect(url, dial) as peer:
        await peer.authenticate(key)
        for channel in channels:
            await peer.subscribe(channel)
        yield peer
