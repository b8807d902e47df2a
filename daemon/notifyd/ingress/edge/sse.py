"""Server-Sent Events: one channel or inbox, as an answer without an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import trio
from msgspec import Struct

from notifyd.errors import NotifydError
from notifyd.ingress.edge.feeds import Feed, Pace
from notifyd.model.principal import Principal
from notifyd.service.receiving.attending import at_hand
from notifyd.store.ports import Attendance
from notifyd.wire.http.sse import HEARTBEAT, ending_event

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.http.stream import HttpStream
    from notifyd.model.disconnect import Disconnect
    from notifyd.service.receiving.connect import Connector
    from notifyd.wire.http.answer import Answer

FORMAT: Final = "sse"
CONTENT_TYPE: Final = b"text/event-stream; charset=utf-8"


class SseLink:
    """An event stream, as the hub sees it."""

    transport = "sse"
    format = FORMAT
    answers = False
    broadcasts = True

    def __init__(self, stream: HttpStream, address: str) -> None:
        self._stream = stream
        self.address = address
        #: Around the replay, which would wait for a reader that does not read although the stream is ended.
        self.catching_up = trio.CancelScope()

    @property
    def put(self) -> Callable[[bytes], bool]:
        """See `Link.put`."""
        return self._stream.outbox.put

    def ping(self, mark: int = 0) -> None:
        """Write a comment, so that nobody on the way gives the stream up. One that is behind needs none.

        Nobody answers, so that there is nothing to ask with a mark.
        """
        if not mark and not self._stream.pending_bytes:
            self._stream.put(HEARTBEAT)

    def end(self, disconnect: Disconnect) -> None:
        """Say why as the last event, and close."""
        self._stream.outbox.end(ending_event(disconnect.reason))
        self._stream.close()
        self.catching_up.cancel()

    def pending_bytes(self) -> int:
        """What waits in the outbox."""
        return self._stream.pending_bytes

    def behind_since(self) -> float | None:
        """See `Link.behind_since`."""
        return self._stream.outbox.behind_since

    def sent_bytes(self) -> int:
        """What was written so far."""
        return self._stream.sent_bytes


class Wish(Struct, frozen=True):
    """What a stream was asked for, the credential checked."""

    principal: Principal
    address: str
    feed: Feed
    #: What has to be at hand before anything is delivered; None where it is.
    attend: Callable[[], Attendance | None]
    #: Bytes of a replay that may be written before waiting for the reader.
    page_bytes: int


class Doorman(Protocol):
    """Answers the request that a stream began with."""

    def accept(self, content_type: bytes) -> Answer:
        """The head of the stream: an answer without a body."""
        ...

    def refuse(self, problem: NotifydError) -> Answer:
        """The whole answer instead of a stream."""
        ...


class EventStream:
    """Serves one wish to its end; a `StreamHandler` of the edge."""

    def __init__(self, connector: Connector, wish: Wish, doorman: Doorman) -> None:
        self._connector = connector
        self._wish = wish
        self._doorman = doorman

    async def run(self, stream: HttpStream) -> None:
        """Enter the hub, catch up, and stay until either side ends it."""
        link = SseLink(stream, self._wish.address)
        try:
            self._wish.feed.check(self._wish.principal)
            connection = self._connector.admit(link)
        except NotifydError as exc:
            write_answer(stream, self._doorman.refuse(exc))
            return
        try:
            await self._serve(stream, link, connection)
        finally:
            self._connector.leave(connection)

    async def _serve(self, stream: HttpStream, link: SseLink, connection: Connection) -> None:
        wish = self._wish
        try:
            await at_hand(wish.attend())
            self._connector.enter(connection, wish.principal)
            begin = wish.feed.open(connection)
        except NotifydError as exc:
            write_answer(stream, self._doorman.refuse(exc))
            return
        head = self._doorman.accept(CONTENT_TYPE)
        stream.start(head.status, head.content_type, head.headers)
        with link.catching_up:
            await begin(Pace(stream.outbox.drained, wish.page_bytes))
        await stream.wait_closed()


class Refusal:
    """A `StreamHandler` that gives an ordinary answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def run(self, stream: HttpStream) -> None:
        """Write it."""
        write_answer(stream, self._answer)


def write_answer(stream: HttpStream, answer: Answer) -> None:
    """Write *answer* in the place of a stream."""
    stream.start(answer.status, answer.content_type, answer.headers)
    stream.put(answer.body)
