"""An operator's subscription: a position for each channel, then the replay, then live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Denied, Draining, Exhausted, Invalid, NotifydError, Unavailable
from notifyd.ingress.rpc.listener import ListenerLink
from notifyd.model.disconnect import DRAINED, GOING_AWAY, KICKED, SLOW_CONSUMER, Disconnect
from notifyd.model.principal import operator
from notifyd.service.clients import known_client
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc import client_of, listen_event, position_message, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import trio

    from notifyd.hub.connection import Connection
    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication
    from notifyd.service.connect import Connector
    from notifyd.service.subscribe import Subscriber, Subscription

    Inbox = trio.MemorySendChannel[Sequence[bytes]]

#: Publications encoded between two turns of everybody else.
_CHUNK: Final = 128


class ListenCalls:
    """Listening is a connection like any other, only that its frames go into a gRPC stream."""

    def __init__(self, connector: Connector, subscriber: Subscriber, *, outbox_bytes: int) -> None:
        self._connector = connector
        self._subscriber = subscriber
        self._outbox_bytes = outbox_bytes

    async def listen(self, request: pb.ListenRequest, inbox: Inbox) -> None:
        """Serve one listener until it leaves or is ended."""
        self._check(request)
        principal = operator(known_client(client_of(request.client_id)))
        link = ListenerLink(limit_bytes=self._outbox_bytes, broadcasts=request.broadcasts)
        connection = self._connector.admit(link)
        try:
            self._connector.enter(connection, principal)
            with link.scope:
                for wanted in request.channels:
                    since = position_of(wanted.since) if wanted.HasField("since") else None
                    await self._subscribe(connection, link, inbox, wanted.channel, since)
                while True:
                    await inbox.send(await link.take())
        finally:
            self._connector.leave(connection)
        raise _ending(link.disconnect)

    def _check(self, request: pb.ListenRequest) -> None:
        if not request.channels and not request.broadcasts:
            raise Invalid("name at least one channel, or ask for broadcasts", code="invalid_channel")
        most = self._subscriber.rules.max_subscriptions
        if len(request.channels) > most:
            raise Exhausted(f"at most {most} channels can be listened to at once", code="too_many_subscriptions")

    async def _subscribe(
        self, connection: Connection, link: ListenerLink, inbox: Inbox, channel: str, since: StreamPosition | None
    ) -> None:
        """Tell the position and replay. A long replay is read in parts, and live begins when it is near its end."""
        assert connection.principal is not None, "entered before"
        answer = self._subscriber.look(connection.principal, channel, since)
        self._subscriber.count_replayed(len(answer.replay))
        opening = _subscribed(channel, answer)
        while not self._short(answer.replay):
            await inbox.send([opening] if opening else ())
            await _send(answer.replay, link, inbox)
            opening = b""
            answer = self._subscriber.look(connection.principal, channel, answer.position)
            if not answer.recovered:
                raise _ending(SLOW_CONSUMER)  # the history was trimmed faster than it was read
        # no await from the look above to here, so that nothing is missed or sent twice
        if opening:
            link.keep(opening)
        for publication in answer.replay:
            link.keep(listen_event(publication))
        self._subscriber.go_live(connection, channel, answer.position)

    def _short(self, replay: Sequence[Publication]) -> bool:
        size = sum(publication.notification.size() for publication in replay[: _CHUNK + 1])
        return len(replay) <= _CHUNK and size <= self._outbox_bytes // 4


async def _send(replay: Sequence[Publication], link: ListenerLink, inbox: Inbox) -> None:
    for start in range(0, len(replay), _CHUNK):
        await inbox.send([listen_event(publication) for publication in replay[start : start + _CHUNK]])
        if live := link.take_nowait():  # of channels that are live already
            await inbox.send(live)


def _subscribed(channel: str, answer: Subscription) -> bytes:
    position = position_message(answer.position.epoch, answer.position.offset)
    subscribed = pb.Subscribed(
        channel=channel,
        position=position,
        recovered=answer.recovered,
        replayed=len(answer.replay),
        skipped=answer.skipped,
    )
    return pb.ListenEvent(subscribed=subscribed).SerializeToString()


def _ending(disconnect: Disconnect | None) -> NotifydError:
    """The error that an ended stream tells."""
    if disconnect == SLOW_CONSUMER:
        return Exhausted("too slow: listen again from your position", code="slow_consumer", retry_after_seconds=0)
    if disconnect in (DRAINED, GOING_AWAY):
        return Draining(disconnect.reason)
    reason = disconnect.reason if disconnect else "the stream was ended"
    if disconnect is not None and disconnect.code == KICKED.code:
        return Denied(reason, code="kicked")
    return Unavailable(reason)
