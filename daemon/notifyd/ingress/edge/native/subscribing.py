"""Channels: subscribe, resume, unsubscribe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.edge.replay import Writer, subscribe_and_replay
from notifyd.wire import native
from notifyd.wire.websocket import text_frame

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.model.position import StreamPosition
    from notifyd.service.subscribe import Subscription


def subscribe(peer: NativeConnection, message: native.Subscribe) -> Step:
    """Deliver a channel, from now or from a position on."""
    if message.ack:
        raise Invalid("subscriptions with ack are not available in this version", code="not_supported")
    if message.since is not None:
        return _resume(peer, message, message.since.position())
    subscriber = peer.services.subscriber
    subscription = subscriber.check(peer.connection, message.channel)
    subscriber.go_live(peer.connection, message.channel, subscription.position)
    peer.say(native.subscribed(message.channel, subscription.position, message.request_id))
    return None


async def _resume(peer: NativeConnection, message: native.Subscribe, since: StreamPosition) -> None:
    def announce(subscription: Subscription) -> bytes:
        return text_frame(
            native.subscribed(
                message.channel,
                subscription.position,
                message.request_id,
                recovered=subscription.recovered,
                replayed=len(subscription.replay),
                skipped=subscription.skipped,
            )
        )

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
