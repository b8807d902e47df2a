"""Server-Sent Events (WHATWG HTML, section 9.2): a publication as an event, a position as its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from notifyd.errors import Invalid
from notifyd.model.position import StreamPosition
from notifyd.wire.json import json_string
from notifyd.wire.publication import publication_json

if TYPE_CHECKING:
    from notifyd.model.publication import Publication

#: A comment; it keeps proxies and clients from giving an idle stream up.
HEARTBEAT: Final = b": ping\n\n"


def event_id(position: StreamPosition) -> str:
    """What a browser sends back as Last-Event-ID: `EPOCH:OFFSET`."""
    return f"{position.epoch}:{position.offset}"


def parse_event_id(text: str, what: str = "Last-Event-ID") -> StreamPosition:
    """The position that `event_id` wrote; *what* is its name in the message.

    Raises:
        Invalid: it is not of that form.
    """
    epoch, separator, offset = text.rpartition(":")
    if not separator or not epoch or not (offset.isascii() and offset.isdigit() and len(offset) < 19):
        raise Invalid(f"{what} {text[:80]!r} is not of the form EPOCH:OFFSET", code="invalid_position")
    return StreamPosition(epoch, int(offset))


def notification_event(publication: Publication) -> bytes:
    """A delivery; its id is its position, absent for what has none."""
    position, event = publication.position, notification_body(publication)
    return event if position is None else with_id(position, event)


def notification_body(publication: Publication) -> bytes:
    """A delivery without an id."""
    return b"event: notification\ndata: " + publication_json(publication) + b"\n\n"


def with_id(position: StreamPosition, event: bytes) -> bytes:
    """*event* with an id: where who loses the link after it goes on."""
    return b"id: %b:%d\n%b" % (position.epoch.encode(), position.offset, event)


class Beginning(Struct, frozen=True):
    """What the first event of a stream tells."""

    connection_id: str
    #: The newest of the channel or of the inbox.
    position: StreamPosition
    #: Whether it continues without a gap; None where there was no position to continue from.
    recovered: bool | None
    #: Where who loses the link right after it goes on; None for `position`.
    resumes: StreamPosition | None = None
    #: How long an ack may take; None where none is asked for.
    ack_seconds: float | None = None


def subscribed_event(beginning: Beginning) -> bytes:
    """The first event of a stream."""
    position, ack_seconds = beginning.position, beginning.ack_seconds
    data = b'{"connectionId":%b,"position":{"epoch":"%b","offset":%d},"recovered":%b%b}' % (
        json_string(beginning.connection_id),
        position.epoch.encode(),
        position.offset,
        {True: b"true", False: b"false", None: b"null"}[beginning.recovered],
        b"" if ack_seconds is None else b',"ack":true,"ackSeconds":%g' % ack_seconds,
    )
    return with_id(beginning.resumes or position, b"event: subscribed\ndata: %b\n\n" % data)


def ending_event(reason: str) -> bytes:
    """The last event: why the daemon ends the stream, and for a browser when to come back."""
    return b"retry: 2000\nevent: ending\ndata: " + " ".join(reason.split()).encode("utf-8", "replace") + b"\n\n"
