"""Acks and refusals of what was delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Invalid, NotFound, NotifydError
from notifyd.wire import native

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.service.acks import Acked


def ack(peer: NativeConnection, message: native.Ack) -> Step:
    """Take the proof that something has arrived; answered when that outlives the daemon."""
    return _ack(peer, message, _ids(message))


def nack(peer: NativeConnection, message: native.Nack) -> Step:
    """Have something sent again later."""
    return _nack(peer, message, _ids(message))


async def _ack(peer: NativeConnection, message: native.Ack, ids: list[str]) -> None:
    try:
        done = await peer.services.acks.ack(peer.connection, ids)
        _check_known(message, done)
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)
        return
    peer.say(native.acked(message, done.acked, done.unknown))


async def _nack(peer: NativeConnection, message: native.Nack, ids: list[str]) -> None:
    try:
        done = await peer.services.acks.nack(peer.connection, ids, reason=message.reason)
        _check_known(message, done)
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)
        return
    peer.say(native.nacked(message, done.acked, done.unknown))


def _ids(message: native.Ack | native.Nack) -> list[str]:
    if message.id is not None and message.ids is None:
        return [message.id]
    if message.id is None and message.ids is not None:
        return message.ids
    raise Invalid("send id or ids, one of them", code="invalid_message")


def _check_known(message: native.Ack | native.Nack, done: Acked) -> None:
    if message.id is not None and done.unknown:
        raise NotFound("this connection was not sent such a notification", code="notification_not_found")
