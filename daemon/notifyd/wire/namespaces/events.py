"""The notification application on Socket.IO: names of namespaces, shapes of events, positions as texts.

A `notification` event has the payload's own fields with ours beside them as its first argument, and for clients that
recover their state the text of a place as its last one: stock clients keep the last string that an event ended with,
and bring it back. Whatever else ends with a string would be taken for a place, so that nothing else may.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import iso_ms
from notifyd.model.ids import ClientId
from notifyd.model.notification import Kind
from notifyd.model.position import StreamPosition
from notifyd.wire.json import encode, json_string

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.model.publication import Publication

#: Makes the bytes of one event: namespace, event, its arguments in JSON with commas between.
EventEncoder = Callable[[str, str, bytes], bytes]

NOTIFICATION: Final = "notification"

_PREFIX: Final = "/client-"
_PLACE: Final = re.compile(r"([\w.-]{1,64}):([0-9]{1,18})(?:/([\w.-]{1,64}):([0-9]{1,18}))?", re.ASCII)
_fields_of: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def namespace_of(client_id: ClientId) -> str:
    """The namespace of a client's users."""
    return _PREFIX + client_id


def client_of(namespace: str) -> ClientId | None:
    """The client whose namespace this would be, registered or not; None for a name that is nobody's."""
    client_id = namespace.removeprefix(_PREFIX)
    return ClientId(client_id) if client_id and client_id != namespace else None


class Place(msgspec.Struct, frozen=True):
    """How far a socket was served.

    In the client's own stream up to `stream`. Where `inbox` is given, what is for its user was served from the inbox
    and up to there, whatever its place in the stream; where it is None, the inbox was served to its end before.
    """

    stream: StreamPosition
    inbox: StreamPosition | None = None

    def text(self) -> str:
        """What goes out behind an event, and comes back with a CONNECT."""
        stream = f"{self.stream.epoch}:{self.stream.offset}"
        return stream if self.inbox is None else f"{stream}/{self.inbox.epoch}:{self.inbox.offset}"


def parse_place(text: str) -> Place | None:
    """What `Place.text` wrote; None for anything else."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    epoch, offset, inbox_epoch, inbox_offset = match.groups()
    inbox = None if inbox_epoch is None else StreamPosition(inbox_epoch, int(inbox_offset))
    return Place(StreamPosition(epoch, int(offset)), inbox)


def notification_fields(publication: Publication) -> bytes:
    """The one object that tells of a notification: its payload's fields, and ours.

    A payload that is no object is the field `data`. `notificationId` and `timestamp` are always ours, and so are
    `channel`, `epoch` and `offset` of what comes from a channel; `metadata` and the label of a broadcast, where there
    are any, give way to a field of the payload with that name. `attempt` is there where an ack did not come.
    """
    notification = publication.notification
    fields = _payload(notification.data)
    fields["notificationId"] = _raw(b'"%b"' % notification.id.encode())
    fields["timestamp"] = _raw(b'"%b"' % iso_ms(notification.accepted_at).encode())
    if notification.kind is Kind.CHANNEL:
        fields["channel"] = _raw(json_string(notification.channel))
        fields["epoch"] = _raw(json_string(publication.epoch))
        fields["offset"] = _raw(b"%d" % publication.offset)
    elif notification.channel:
        fields.setdefault("channel", _raw(json_string(notification.channel)))
    if publication.attempt > 1:
        fields["attempt"] = _raw(b"%d" % publication.attempt)
    if notification.metadata:
        fields.setdefault("metadata", _raw(notification.metadata))
    return encode(fields)


def _payload(data: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _fields_of(data)
    except (msgspec.DecodeError, UnicodeError):
        return {"data": _raw(data)}


def _raw(value: bytes) -> msgspec.Raw:
    return msgspec.Raw(value)


def notification_event(publication: Publication, event: EventEncoder, place: Place | None) -> bytes:
    """A delivery to one socket, which is at *place* when it has it; None where it does not recover."""
    arguments = notification_fields(publication)
    if place is not None:
        arguments += b"," + json_string(place.text())
    return event(namespace_of(publication.notification.client_id), NOTIFICATION, arguments)


class NotificationEncoder:
    """Makes live deliveries: once for each notification, however many users and sockets have it."""

    def __init__(self, event: EventEncoder, *, places: bool) -> None:
        self._event = event
        self._places = places
        self._newest: tuple[Notification, int] | None = None
        self._frame = b""

    def __call__(self, publication: Publication) -> bytes:
        """A delivery to every socket that is live."""
        notification, offset = publication.notification, publication.offset
        # Publications of one notification to many users stand together, and nothing in an event tells them apart.
        if self._newest is None or self._newest[0] is not notification or self._newest[1] != offset:
            self._frame = notification_event(publication, self._event, self._place(publication))
            self._newest = (notification, offset)
        return self._frame

    def _place(self, publication: Publication) -> Place | None:
        # What comes from a channel has no place in the stream that is recovered from.
        if not self._places or not publication.offset or publication.notification.kind is Kind.CHANNEL:
            return None
        return Place(StreamPosition(publication.epoch, publication.offset))
