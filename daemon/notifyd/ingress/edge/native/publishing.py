"""Publishing over a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotAuthenticated, NotifydError
from notifyd.model.command import Publish
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.wire import native

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.model.principal import Principal


def publish(peer: NativeConnection, message: native.Publish) -> Step:
    """Hand a notification in and answer with its receipt."""
    try:
        principal = _producer(peer)
    except NotifydError:
        peer.services.publisher.refused()
        raise
    return _hand_in(peer, message, principal)


def _producer(peer: NativeConnection) -> Principal:
    principal = peer.connection.principal
    if principal is None:
        raise NotAuthenticated("authenticate first", code="not_authenticated")
    peer.services.limiter.check(principal.subject)
    return principal


async def _hand_in(peer: NativeConnection, message: native.Publish, principal: Principal) -> None:
    command = Publish(
        kind=Kind.CHANNEL,
        channel=message.channel,
        data=bytes(message.data),
        metadata=bytes(message.metadata or b""),
        priority=DEFAULT_PRIORITY if message.priority is None else message.priority,
    )
    try:
        accepted = await peer.services.publisher.submit(principal, command).result()
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)
        return
    peer.say(native.published(accepted.id, peer.services.durability, message.request_id))
