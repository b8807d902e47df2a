"""Server-Sent Events (WHATWG HTML, section 9.2): a publication as an event, a position as its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid
from notifyd.model.position import StreamPosition
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
    body = publication_json(publication)
    position = publication.position
    if position is not None:
        head = b"id: %b:%d\n" % (position.epoch.encode(), position.offset)
        return head + b"event: notification\ndata: " + body + b"\n\n"
    return b"event: notification\ndata: " + body + b"\n\n"


def subscribed_event(
    position: StreamPosition, recovered: bool | None, *, resumes: StreamPosition | None = None
) -> bytes:
    """The first event of a stream: the channel's position, and whether it continues the Last-Event-ID without a gap.

    Its id is *resumes* where a replay follows: who loses the link before that must come back for it.
    """
    state = {True: b"true", False: b"false", None: b"null"}[recovered]
    where = event_id(resumes or position).encode()
    return b'id: %b\nevent: subscribed\ndata: {"position":{"epoch":"%b","offset":%d},"recovered":%b}\n\n' % (
        where,
        position.epoch.encode(),
        position.offset,
        state,
    )


def ending_event(reason: str) -> bytes:
    """The last event: why the daemon ends the stream, and for a browser when to come back."""
    return b"retry: 2000\nevent: ending\ndata: " + " ".join(reason.split()).encode("utf-8", "replace") + b"\n\n"
