"""Who is it: keys and tokens, and with a token the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Denied, Invalid, NotAuthenticated, NotifydError
from notifyd.ingress.edge.catch_up import CatchUps
from notifyd.ingress.edge.inbox_source import InboxSource
from notifyd.ingress.edge.native.later import after
from notifyd.model.disconnect import (
    CREDENTIAL_ENDED,
    TOKEN_ENDED,
    TOO_MANY_CONNECTIONS,
    WRONG_CREDENTIAL,
    Disconnect,
)
from notifyd.service.receiving.connect import TooManyConnections
from notifyd.wire import native

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.connection import NativeConnection, Step
    from notifyd.model.position import StreamPosition
    from notifyd.model.principal import Principal
    from notifyd.service.acks import Opened

_ENDED: Final = {"api_key_expired": CREDENTIAL_ENDED, "token_expired": TOKEN_ENDED}


def authenticate(peer: NativeConnection, message: native.Authenticate) -> Step:
    """Let a connection in, or exchange its credential; one that is not good ends it."""
    fresh = peer.connection.principal is None
    try:
        principal = _principal(peer, message)
        _check_inbox(principal, message, fresh=fresh)
        attendance = peer.services.attending.principal(principal)
        if attendance is not None:
            return after(attendance, peer, message, authenticate)
        lost = peer.services.connector.enter(peer.connection, principal)
    except (NotAuthenticated, Denied, TooManyConnections) as exc:
        peer.refuse(exc, message.request_id)
        peer.connection.end(_ending(exc))
        return None
    if not principal.user_id:
        peer.say(native.authenticated(message.request_id, lost))
    elif not fresh:
        peer.say(native.authenticated(message.request_id, lost, user=_user(principal)))
    elif message.ack:
        _serve_inbox_with_acks(peer, principal, message)
    else:
        _serve_inbox(peer, principal, message)
    return None


def _principal(peer: NativeConnection, message: native.Authenticate) -> Principal:
    connector = peer.services.connector
    if message.token is None:
        return connector.principal(_api_key(message), peer.address, peer.transport)
    if message.api_key is not None:
        raise Invalid("send apiKey or token, not both", code="invalid_message")
    return connector.token_principal(message.token, address=peer.address, transport=peer.transport)


def _check_inbox(principal: Principal, message: native.Authenticate, *, fresh: bool) -> None:
    if message.ack and not principal.user_id:
        raise Invalid("ack goes with a user's token: subscribe with ack instead", code="invalid_message")
    if not fresh and (message.ack or message.since is not None):
        raise Invalid("since and ack go with the first authenticate of a connection", code="invalid_message")


def _api_key(message: native.Authenticate) -> str:
    if message.api_key is None:
        raise NotAuthenticated("send the API key as apiKey, or a user's token as token", code="invalid_api_key")
    return message.api_key


def _serve_inbox(peer: NativeConnection, principal: Principal, message: native.Authenticate) -> None:
    services, connection = peer.services, peer.connection
    found = services.inboxes.check(connection, _since(message))
    standing = native.Standing(found.position, found.recovered, len(found.replay), found.skipped)
    peer.say(native.authenticated(message.request_id, user=_user(principal), inbox=standing))
    peer.catch_ups = CatchUps(connection, services.subscriber, peer.rules.page_bytes, peer.refuse)
    peer.catch_ups.begin(InboxSource(services.inboxes, connection, found, native.notification_frame))


def _serve_inbox_with_acks(peer: NativeConnection, principal: Principal, message: native.Authenticate) -> None:
    opened = peer.services.acks.open_inbox(
        peer.connection, _since(message), native.notification_frame, max_unacked=message.max_unacked
    )
    peer.say(native.authenticated(message.request_id, user=_user(principal), inbox=acked_standing(opened)))
    opened.start()


def acked_standing(opened: Opened) -> native.Standing:
    """What a peer that acks is told."""
    return native.Standing(opened.position, opened.recovered, opened.pending, ack_seconds=opened.ack_seconds)


def _since(message: native.Authenticate) -> StreamPosition | None:
    return None if message.since is None else message.since.position()


def _user(principal: Principal) -> native.User:
    return native.User(principal.user_id, principal.expires_at)


def _ending(problem: NotifydError) -> Disconnect:
    if isinstance(problem, TooManyConnections):
        return TOO_MANY_CONNECTIONS
    return _ENDED.get(problem.code, WRONG_CREDENTIAL)
