"""Every operation of the REST interface: the table that routing, access and the OpenAPI document are made from."""

from __future__ import annotations

import enum
from typing import Final

from msgspec import Struct

from notifyd.wire import rest


class Access(enum.Enum):
    """Who may call an operation."""

    OPEN = "open"
    #: An API key.
    KEY = "key"
    #: An API key or the admin token.
    KEY_OR_ADMIN = "key_or_admin"
    #: As KEY_OR_ADMIN; the key may stand in the query too, because a browser's EventSource sends no headers.
    STREAM = "stream"
    ADMIN = "admin"
    #: As ADMIN, unless the operator opened the metrics.
    METRICS = "metrics"


class Parameter(Struct, frozen=True):
    """One parameter of an operation; *kind* is a JSON Schema type."""

    name: str
    #: path, query or header.
    place: str
    description: str
    kind: str = "string"


class Operation(Struct, frozen=True):
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    access: Access
    #: The success: status, and the type of its body or the media type of what is not JSON.
    status: int
    answer: type[Struct] | str
    #: The refusals that are its own; those of its access and of any request come on top.
    errors: tuple[int, ...] = ()
    body: type[Struct] | None = None
    body_optional: bool = False
    parameters: tuple[Parameter, ...] = ()


_KEY: Final = Parameter("id", "path", "The key's id, or the key itself.")
_NOTIFICATION: Final = Parameter("id", "path", "The notification's id.")
_CHANNEL: Final = Parameter("channel", "path", "The channel, percent-encoded; slashes may stand as %2F.")
_CLIENT: Final = Parameter("clientId", "query", "With the admin token: whose channel; `default` when absent.")
_IDEMPOTENCY: Final = Parameter(
    "Idempotency-Key", "header", "The same key with the same body returns the first receipt; 1-255 printable ASCII."
)

PUBLISH: Final = Operation(
    "publishNotification", "POST", "/api/notifications", "Publish a notification to a channel",
    Access.KEY, 202, rest.Accepted, (413, 415, 422, 503), rest.NotificationBody, parameters=(_IDEMPOTENCY,),
)  # fmt: skip
BROADCAST: Final = Operation(
    "broadcastNotification", "POST", "/api/notifications/broadcast", "Publish to every connection of the client",
    Access.KEY, 202, rest.Accepted, (413, 415, 422, 503), rest.BroadcastBody, parameters=(_IDEMPOTENCY,),
)  # fmt: skip
PUBLISH_BATCH: Final = Operation(
    "publishBatch", "POST", "/api/notifications/batch", "Publish several notifications, all or none",
    Access.KEY, 202, rest.BatchAccepted, (413, 415, 503), rest.BatchBody,
)  # fmt: skip
STREAM_CHANNEL: Final = Operation(
    "streamChannel", "GET", "/api/channels/{channel}/events", "Subscribe to a channel by Server-Sent Events",
    Access.STREAM, 200, "text/event-stream", (503,), parameters=(
        _CHANNEL, _CLIENT,
        Parameter("Last-Event-ID", "header", "EPOCH:OFFSET: continue after this position."),
        Parameter("lastEventId", "query", "The same, for who cannot set headers."),
        Parameter("apiKey", "query", "The API key, for who cannot set headers."),
    ),
)  # fmt: skip

OPERATIONS: Final = (
    PUBLISH,
    BROADCAST,
    PUBLISH_BATCH,
    Operation(
        "getNotification", "GET", "/api/notifications/{id}", "What became of a notification",
        Access.KEY_OR_ADMIN, 200, rest.NotificationAnswer, (404,), parameters=(_NOTIFICATION,),
    ),
    Operation(
        "cancelNotification", "DELETE", "/api/notifications/{id}", "Withdraw a notification that waits",
        Access.KEY_OR_ADMIN, 200, rest.NotificationAnswer, (404, 409, 503), parameters=(_NOTIFICATION,),
    ),
    Operation(
        "getHistory", "GET", "/api/channels/{channel}/history", "Kept publications of a channel",
        Access.KEY_OR_ADMIN, 200, rest.HistoryAnswer, (), parameters=(
            _CHANNEL, _CLIENT,
            Parameter("limit", "query", "How many at most, 1 to 1000; 100 when absent.", "integer"),
            Parameter("since", "query", "EPOCH:OFFSET: the first ones after this; the newest ones when absent."),
        ),
    ),
    STREAM_CHANNEL,
    Operation(
        "createKey", "POST", "/api/keys", "Make an API key",
        Access.ADMIN, 201, rest.IssuedKeyAnswer, (404, 413, 415, 503), rest.NewKeyBody,
    ),
    Operation(
        "listKeys", "GET", "/api/keys", "List the API keys",
        Access.ADMIN, 200, rest.KeysAnswer, (), parameters=(
            Parameter("clientId", "query", "Only those of this client."),
            Parameter("includeRevoked", "query", "Revoked ones too.", "boolean"),
        ),
    ),
    Operation(
        "getKey", "GET", "/api/keys/{id}", "Show an API key",
        Access.ADMIN, 200, rest.KeyAnswer, (404,), parameters=(_KEY,),
    ),
    Operation(
        "revokeKey", "DELETE", "/api/keys/{id}", "Revoke an API key and close its connections",
        Access.ADMIN, 200, rest.Done, (404, 503), parameters=(_KEY,),
    ),
    Operation(
        "rotateKey", "POST", "/api/keys/{id}/rotate", "Replace an API key by a new one, with an overlap",
        Access.ADMIN, 200, rest.IssuedKeyAnswer, (404, 409, 413, 415, 503), rest.RotationBody, body_optional=True,
        parameters=(_KEY,),
    ),
    Operation("getStats", "GET", "/api/stats", "Figures of the daemon", Access.ADMIN, 200, rest.StatsAnswer),
    Operation("getQueue", "GET", "/api/stats/queue", "Figures of the queue", Access.ADMIN, 200, rest.QueueAnswer),
    Operation(
        "clearQueue", "DELETE", "/api/queue", "Remove every notification that waits",
        Access.ADMIN, 200, rest.ClearedAnswer, (503,),
    ),
    Operation("pauseQueue", "POST", "/api/queue/pause", "Stop dispatching", Access.ADMIN, 200, rest.QueueAnswer),
    Operation("resumeQueue", "POST", "/api/queue/resume", "Dispatch again", Access.ADMIN, 200, rest.QueueAnswer),
    Operation("getHealth", "GET", "/api/health", "How the daemon is", Access.OPEN, 200, rest.HealthAnswer),
    Operation("getLive", "GET", "/api/health/live", "Whether the daemon runs", Access.OPEN, 200, rest.StatusAnswer),
    Operation(
        "getReady", "GET", "/api/health/ready", "Whether the daemon takes notifications",
        Access.OPEN, 200, rest.StatusAnswer, (503,),
    ),
    Operation(
        "getMetrics", "GET", "/metrics", "Metrics in Prometheus's text format",
        Access.METRICS, 200, "text/plain; version=0.0.4",
    ),
    Operation(
        "getOpenApi", "GET", "/api/openapi.json", "This document", Access.OPEN, 200, "application/json",
    ),
)  # fmt: skip
