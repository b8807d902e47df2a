"""Channels: subscribe, resume, unsubscribe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.edge.native.entering import acked_standing
from notifyd.ingress.edge.native.later import after
from notifyd.ingress.edge.replay import Writer, subscribe_and_replay
from notifyd.service.acks import AckWish
from notifyd.wire import native
from notifyd.wire.recent import RecentFrames
from notifyd.wire.websocket.frames import text_frame

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.model.position import StreamPosition
    from notifyd.service.receiving.subscribe import Subscription

#: For those who ack, whom the fan-out does not write to.
_frame: Final = RecentFrames(native.notification_frame)


def subscribe(peer: NativeConnection, message: native.Subscribe) -> Step:
    """Deliver a channel, from now or from a position on."""
    attendance = peer.services.attending.channel(peer.connection.principal, message.channel, message.durable or "")
    if attendance is not None:
        return after(attendance, peer, message, subscribe)
    since = None if message.since is None else message.since.position()
    if message.ack:
        _subscribe_with_acks(peer, message, since)
        return None
    if message.durable is not None:
        raise Invalid("durable goes with ack: true", code="invalid_durable")
    if since is not None:
        return _resume(peer, message, since)
    subscriber = peer.services.subscriber
    subscription = subscriber.check(peer.connection, message.channel)
    subscriber.go_live(peer.connection, message.channel, subscription.position)
    peer.say(native.subscribed(message.channel, native.Standing(subscription.position), message.request_id))
    return None


def _subscribe_with_acks(peer: NativeConnection, message: native.Subscribe, since: StreamPosition | None) -> None:
    wish = AckWish(since, message.durable or "", message.max_unacked)
    opened = peer.services.acks.subscribe(peer.connection, message.channel, wish, _frame)
    peer.say(native.subscribed(message.channel, acked_standing(opened), message.request_id))
    opened.start()


async def _resume(peer: NativeConnection, message: native.Subscribe, since: StreamPosition) -> None:
    def announce(found: Subscription) -> bytes:
        standing = native.Standing(found.position, found.recovered, len(found.replay), found.skipped)
        return text_frame(native.subscribed(message.channel, standing, message.request_id))

    writer = Writer(native.notification_frame, announce, peer.drained, peer.rules.page_bytes)
    try:
        await subscribe_and_replay(peer.services.subscriber, peer.connection, message.channel, since, writer)
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)


def unsubscribe(peer: NativeConnection, message: native.Unsubscribe) -> Step:
    """Stop a channel."""
    peer.services.subscriber.unsubscribe(peer.connection, message.channel)
    peer.say(native.unsubscribed(message.channel, message.request_id))
    return None
