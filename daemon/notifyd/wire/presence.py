"""Presence on the wire: who is in a channel as an answer, who comes and goes as frames of each protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notifyd.clock import iso_ms
from notifyd.wire.json import encode, json_string
from notifyd.wire.namespaces.dialect import event_frame
from notifyd.wire.namespaces.events import namespace_of
from notifyd.wire.websocket.frames import text_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.presence import Member, PresenceChange, PresenceView
    from notifyd.wire.namespaces.events import EventEncoder

JOIN: Final = "join"
LEAVE: Final = "leave"


def member_fields(member: Member) -> dict[str, Any]:
    """One member; only users have a `userId`."""
    fields: dict[str, Any] = {"userId": member.user_id} if member.user_id else {}
    return fields | {"connectionIds": member.connection_ids, "joinedAt": iso_ms(member.joined_at)}


def presence_fields(view: PresenceView) -> dict[str, Any]:
    """A channel at one moment, as every protocol in JSON tells it."""
    return {
        "channel": view.channel,
        "memberCount": view.member_count,
        "subscriberCount": view.subscriber_count,
        "members": [member_fields(member) for member in view.members],
    }


def presence_message(view: PresenceView, request_id: str | int | None) -> bytes:
    """The answer of the plain JSON protocol."""
    echo = {} if request_id is None else {"requestId": request_id}
    return encode({"type": "presence", **presence_fields(view), **echo})


def change_message(change: PresenceChange) -> bytes:
    """A join or a leave as a whole WebSocket frame of the plain JSON protocol."""
    channel, member = _told(change)
    return text_frame(b'{"type":"%b","channel":%b,"member":%b}' % (_event(change).encode(), channel, member))


def change_event(change: PresenceChange) -> bytes:
    """A join or a leave as a server-sent event, without an id: nothing resumes from it."""
    return b"event: %b\ndata: %b\n\n" % (_event(change).encode(), _argument(change))


def change_dialect_frame(change: PresenceChange) -> bytes:
    """A join or a leave in the plain JSON dialect of namespaces."""
    return event_frame(_event(change), {"channel": change.channel, "member": member_fields(change.member)})


def socketio_changes(event: EventEncoder) -> Callable[[PresenceChange], bytes]:
    """The encoder of joins and leaves that makes Socket.IO events with *event*."""

    def encode_change(change: PresenceChange) -> bytes:
        return event(namespace_of(change.client_id), _event(change), _argument(change))

    return encode_change


def _event(change: PresenceChange) -> str:
    return JOIN if change.joined else LEAVE


def _told(change: PresenceChange) -> tuple[bytes, bytes]:
    return json_string(change.channel), encode(member_fields(change.member))


def _argument(change: PresenceChange) -> bytes:
    return b'{"channel":%b,"member":%b}' % _told(change)
