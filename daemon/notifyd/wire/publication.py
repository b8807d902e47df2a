"""A publication as JSON, the one shape that every transport carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import iso_ms
from notifyd.wire.json import json_string

if TYPE_CHECKING:
    from notifyd.model.publication import Publication


def publication_json(publication: Publication) -> bytes:
    """`{"id","channel","data","timestamp","priority","metadata"?,"epoch"?,"offset"?,"attempt"?}`, UTF-8, on one line.

    `epoch` and `offset` are absent where there is no place to resume from, `metadata` where none was given, `attempt`
    on the first try. What comes from an inbox has the channel `null` and its place in the inbox.
    """
    notification = publication.notification
    position = publication.position
    parts = [
        b'{"id":"',
        notification.id.encode(),
        b'","channel":',
        json_string(notification.channel) if notification.channel else b"null",
        b',"data":',
        notification.data,
        b',"timestamp":"',
        iso_ms(notification.accepted_at).encode(),
        b'","priority":%d' % notification.priority,
    ]
    if notification.metadata:
        parts += (b',"metadata":', notification.metadata)
    if position is not None:
        parts.append(b',"epoch":"%b","offset":%d' % (position.epoch.encode(), position.offset))
    if publication.attempt > 1:
        parts.append(b',"attempt":%d' % publication.attempt)
    parts.append(b"}")
    return b"".join(parts)
