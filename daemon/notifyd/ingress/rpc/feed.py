"""A subscription on a gRPC stream: for each source its position, then the replay, then live."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import trio

from notifyd.ingress.rpc.endings import ending
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.position import StreamPosition
from notifyd.service.acks import Acks, Opened
from notifyd.service.receiving.attending import Attending, at_hand
from notifyd.service.receiving.connect import Connector
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber, Subscription
from notifyd.store.ports import Attendance
from notifyd.wire.rpc.messages import listen_event, opening_event

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.ingress.rpc.link import StreamLink
    from notifyd.model.principal import Principal
    from notifyd.model.publication import Publication

Answers = trio.MemorySendChannel[Sequence[bytes]]

#: Publications encoded between two turns of everybody else.
_CHUNK: Final = 128


class Source(Protocol):
    """Something with positions that a connection can be subscribed to."""

    @property
    def channel(self) -> str:
        """Its channel, or "" for an inbox."""
        ...

    def attend(self) -> Attendance | None:
        """What has to be at hand before `look`; None where it is."""
        ...

    def look(self, since: StreamPosition | None) -> Subscription:
        """What a subscribe would answer now.

        Raises:
            Invalid, Denied: it cannot be subscribed to.
        """
        ...

    def go_live(self, position: StreamPosition) -> None:
        """Deliver from now on what comes after *position*, the newest one."""
        ...


class Watched(Source, Protocol):
    """A source that the hub does not deliver: what is new has to be asked for."""

    #: How long to wait before asking.
    pause_seconds: float

    def news(self) -> Sequence[Publication]:
        """What has come since it was asked last."""
        ...


class Opening(msgspec.Struct, frozen=True):
    """A source, and where to begin: without a position at what comes now."""

    source: Source
    since: StreamPosition | None = None


class AckedOpening(msgspec.Struct, frozen=True):
    """A source that delivers to who acks, and no faster."""

    #: Empty for an inbox.
    channel: str
    open: Callable[[], Opened]
    #: What has to be at hand before that; None where it is.
    attend: Callable[[], Attendance | None]


class FeedServices(msgspec.Struct, frozen=True):
    """What a feed needs of the house."""

    connector: Connector
    subscriber: Subscriber
    inboxes: Inboxes
    acks: Acks
    attending: Attending
    #: Bytes that may wait for a slow peer.
    outbox_bytes: int


class Feed:
    """One stream: a connection like any other, only that its frames go into *answers*."""

    def __init__(self, services: FeedServices, link: StreamLink, answers: Answers) -> None:
        self._services = services
        self._link = link
        self._answers = answers

    async def serve(self, principal: Principal, plan: Plan) -> None:
        """Serve the peer until it leaves, or is ended with the error that says why."""
        connector = self._services.connector
        connection = connector.admit(self._link)
        try:
            await at_hand(self._services.attending.principal(principal))
            connector.enter(connection, principal)
            with self._link.scope:
                for opening in plan.openings(connection):
                    if isinstance(opening, AckedOpening):
                        await at_hand(opening.attend())
                        self._open_acked(connection, opening)
                    else:
                        await self._open(opening)
                await self._forward(plan.watched)
        finally:
            connector.leave(connection)
        raise ending(self._link.disconnect)

    async def _open(self, opening: Opening) -> None:
        """Tell the position and replay. A long replay is read in parts, and live begins when it is near its end."""
        source, link = opening.source, self._link
        await at_hand(source.attend())
        answer = source.look(opening.since)
        self._services.subscriber.count_replayed(len(answer.replay))
        first = opening_event(
            source.channel, answer.position, answer.recovered, replayed=len(answer.replay), skipped=answer.skipped
        )
        while not self._short(answer.replay):
            await self._answers.send([first] if first else ())
            await self._send(answer.replay)
            first = b""
            await at_hand(source.attend())
            answer = source.look(answer.position)
            if not answer.recovered:
                raise ending(SLOW_CONSUMER)  # the history was trimmed faster than it was read
        # no await from the look above to here, so that nothing is missed or sent twice
        if first:
            link.keep(first)
        for publication in answer.replay:
            link.keep(listen_event(publication))
        source.go_live(answer.position)

    def _open_acked(self, connection: Connection, opening: AckedOpening) -> None:
        """Tell the position and go live, without an await between: what is kept comes as far as acks make room."""
        opened = opening.open()
        self._link.keep(
            opening_event(
                opening.channel,
                opened.position,
                opened.recovered,
                replayed=opened.pending,
                skipped=0,
                connection_id=connection.id,
            )
        )
        opened.start()

    def _short(self, replay: Sequence[Publication]) -> bool:
        size = sum(publication.notification.size() for publication in replay[: _CHUNK + 1])
        return len(replay) <= _CHUNK and size <= self._services.outbox_bytes // 4

    async def _forward(self, watched: Watched | None) -> None:
        pause = math.inf if watched is None else watched.pause_seconds
        while True:
            with trio.move_on_after(pause):
                await self._link.wait()
            await self._send_live()
            if watched is not None:
                await at_hand(watched.attend())
                await self._send(watched.news())

    async def _send(self, publications: Sequence[Publication]) -> None:
        for start in range(0, len(publications), _CHUNK):
            await self._answers.send(
                [listen_event(publication) for publication in publications[start : start + _CHUNK]]
            )
            await self._send_live()  # of sources that are live already

    async def _send_live(self) -> None:
        if live := self._link.take_nowait():
            await self._answers.send(live)


class Plan(Protocol):
    """What a peer asked to be subscribed to."""

    @property
    def watched(self) -> Watched | None:
        """The one of its sources that has to be asked."""
        ...

    def openings(self, connection: Connection) -> Sequence[Opening | AckedOpening]:
        """Its sources for *connection*, in order."""
        ...
