"""What the outside asks for, decoded and not yet checked."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ConnectionId, UserId
from notifyd.model.notification import DEFAULT_PRIORITY, Kind


class Publish(msgspec.Struct, frozen=True, gc=False):
    """Hand in one notification. Lengths are in milliseconds, instants in milliseconds since the Unix epoch."""

    kind: Kind
    #: The channel, or the label of a broadcast ("" for none).
    channel: str
    #: One JSON value, its syntax checked.
    data: bytes
    #: A JSON object, its syntax checked; b"" for none.
    metadata: bytes = b""
    priority: int = DEFAULT_PRIORITY
    #: At most one of these two; neither means the setting.
    ttl_ms: int | None = None
    expires_at: int | None = None
    #: At most one of these two; neither means now.
    delay_ms: int | None = None
    deliver_at: int | None = None
    #: Empty for none.
    idempotency_key: str = ""
    #: For USERS, one at least.
    users: tuple[UserId, ...] = ()
    #: For CONNECTIONS one at least; for USERS as well, for none.
    connections: tuple[ConnectionId, ...] = ()
    #: Of the request that it came in, fit to stand in a log; "" for none.
    request_id: str = ""
