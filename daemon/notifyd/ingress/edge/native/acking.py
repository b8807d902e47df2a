"""Acks and refusals of what was delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotifydError
from notifyd.ingress.edge.acknowledged import check_known, named_ids
from notifyd.wire import native

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step


def ack(peer: NativeConnection, message: native.Ack) -> Step:
    """Take the proof that something has arrived; answered when that outlives the daemon."""
    return _ack(peer, message, named_ids(message.id, message.ids))


def nack(peer: NativeConnection, message: native.Nack) -> Step:
    """Have something sent again later."""
    return _nack(peer, message, named_ids(message.id, message.ids))


async def _ack(peer: NativeConnection, message: native.Ack, ids: list[str]) -> None:
    try:
        done = await peer.services.acks.ack(peer.connection, ids)
        check_known(message.id, done)
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)
        return
    peer.say(native.acked(message, done.acked, done.unknown))


async def _nack(peer: NativeConnection, message: native.Nack, ids: list[str]) -> None:
    try:
        done = await peer.services.acks.nack(peer.connection, ids, reason=message.reason)
        check_known(message.id, done)
    except NotifydError as exc:
        peer.refuse(exc, message.request_id)
        return
    peer.say(native.nacked(message, done.acked, done.unknown))
