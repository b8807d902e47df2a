"""Every operation of the REST interface: the table that routing, access and the OpenAPI document are made from."""

from __future__ import annotations

from typing import Final

from notifyd.wire.rest import bodies as rest
from notifyd.wire.rest import receipt_bodies as receipt_rest
from notifyd.wire.rest.client_operations import CLIENT_OPERATIONS
from notifyd.wire.rest.delivery_operations import DELIVERY_OPERATIONS
from notifyd.wire.rest.operation import Access, Operation, Parameter, Tag
from notifyd.wire.rest.receiving_operations import ACK, STREAM_CHANNEL, STREAM_INBOX
from notifyd.wire.rest.webhook_operations import WEBHOOK_OPERATIONS

_KEY: Final = Parameter("id", "path", "The key's id, or the key itself.")
_NOTIFICATION: Final = Parameter("id", "path", "The notification's id.")
_CHANNEL: Final = Parameter("channel", "path", "The channel, percent-encoded; slashes may stand as %2F.")
_CLIENT: Final = Parameter("clientId", "query", "With the admin token: whose channel; `default` when absent.")
_IDEMPOTENCY: Final = Parameter(
    "Idempotency-Key", "header", "The same key with the same body returns the first receipt; 1-255 printable ASCII."
)

PUBLISH: Final = Operation(
    "publishNotification", "POST", "/api/notifications", "Publish a notification to a channel",
    Tag.PUBLISHING, Access.KEY, 202, rest.Accepted, (413, 415, 422, 503), rest.NotificationBody,
    parameters=(_IDEMPOTENCY,),
)  # fmt: skip
BROADCAST: Final = Operation(
    "broadcastNotification", "POST", "/api/notifications/broadcast", "Publish to every connection of the client",
    Tag.PUBLISHING, Access.KEY, 202, rest.Accepted, (413, 415, 422, 503), rest.BroadcastBody,
    parameters=(_IDEMPOTENCY,),
)  # fmt: skip
PUBLISH_BATCH: Final = Operation(
    "publishBatch", "POST", "/api/notifications/batch", "Publish several notifications, all or none",
    Tag.PUBLISHING, Access.KEY, 202, rest.BatchAccepted, (413, 415, 503), rest.BatchBody,
)  # fmt: skip

_CHANNEL_OPERATIONS: Final = (
    PUBLISH,
    BROADCAST,
    PUBLISH_BATCH,
    ACK,
    Operation(
        "getNotification", "GET", "/api/notifications/{id}", "What became of a notification",
        Tag.NOTIFICATIONS, Access.KEY_OR_ADMIN, 200, receipt_rest.NotificationAnswer, (404,), parameters=(
            _NOTIFICATION,
            Parameter("wait", "query", "dispatched or acked: answer when that is so, or cannot come true any more."),
            Parameter("acks", "query", "With acked: how many; one, or every user, when absent.", "integer"),
            Parameter("timeout", "query", "Seconds to wait at most, 1 to 300; 30 when absent.", "integer"),
        ),
    ),
    Operation(
        "cancelNotification", "DELETE", "/api/notifications/{id}", "Withdraw a notification that waits",
        Tag.NOTIFICATIONS, Access.KEY_OR_ADMIN, 200, receipt_rest.NotificationAnswer, (404, 409, 503),
        parameters=(_NOTIFICATION,),
    ),
    Operation(
        "getHistory", "GET", "/api/channels/{channel}/history", "Kept publications of a channel",
        Tag.CHANNELS, Access.KEY_OR_ADMIN, 200, rest.HistoryAnswer, (), parameters=(
            _CHANNEL, _CLIENT,
            Parameter("limit", "query", "How many at most, 1 to 1000; 100 when absent.", "integer"),
            Parameter("since", "query", "EPOCH:OFFSET: the first ones after this; the newest ones when absent."),
        ),
    ),
    STREAM_CHANNEL,
    STREAM_INBOX,
)  # fmt: skip

_OPERATING: Final = (
    Operation(
        "createKey", "POST", "/api/keys", "Make an API key",
        Tag.KEYS, Access.ADMIN, 201, rest.IssuedKeyAnswer, (404, 413, 415, 503), rest.NewKeyBody,
    ),
    Operation(
        "listKeys", "GET", "/api/keys", "List the API keys",
        Tag.KEYS, Access.ADMIN, 200, rest.KeysAnswer, (), parameters=(
            Parameter("clientId", "query", "Only those of this client."),
            Parameter("includeRevoked", "query", "Revoked ones too.", "boolean"),
        ),
    ),
    Operation(
        "getKey", "GET", "/api/keys/{id}", "Show an API key",
        Tag.KEYS, Access.ADMIN, 200, rest.KeyAnswer, (404,), parameters=(_KEY,),
    ),
    Operation(
        "revokeKey", "DELETE", "/api/keys/{id}", "Revoke an API key and close its connections",
        Tag.KEYS, Access.ADMIN, 200, rest.Done, (404, 503), parameters=(_KEY,),
    ),
    Operation(
        "rotateKey", "POST", "/api/keys/{id}/rotate", "Replace an API key by a new one, with an overlap",
        Tag.KEYS, Access.ADMIN, 200, rest.IssuedKeyAnswer, (404, 409, 413, 415, 503), rest.RotationBody,
        body_optional=True,
        parameters=(_KEY,),
    ),
    Operation(
        "getStats", "GET", "/api/stats", "Figures of the daemon, or of all that are one service",
        Tag.OPERATING, Access.ADMIN, 200, rest.StatsAnswer,
    ),
    Operation(
        "getQueue", "GET", "/api/stats/queue", "Figures of the queue",
        Tag.OPERATING, Access.ADMIN, 200, rest.QueueAnswer,
    ),
    Operation(
        "clearQueue", "DELETE", "/api/queue", "Remove every notification that waits",
        Tag.OPERATING, Access.ADMIN, 200, rest.ClearedAnswer, (503,),
    ),
    Operation(
        "pauseQueue", "POST", "/api/queue/pause", "Stop dispatching",
        Tag.OPERATING, Access.ADMIN, 200, rest.QueueAnswer,
    ),
    Operation(
        "resumeQueue", "POST", "/api/queue/resume", "Dispatch again",
        Tag.OPERATING, Access.ADMIN, 200, rest.QueueAnswer,
    ),
    Operation(
        "getHealth", "GET", "/api/health", "How the daemon is",
        Tag.OPERATING, Access.OPEN, 200, rest.HealthAnswer,
    ),
    Operation(
        "getLive", "GET", "/api/health/live", "Whether the daemon runs",
        Tag.OPERATING, Access.OPEN, 200, rest.StatusAnswer,
    ),
    Operation(
        "getReady", "GET", "/api/health/ready", "Whether the daemon takes notifications",
        Tag.OPERATING, Access.OPEN, 200, rest.ReadyAnswer, (503,),
    ),
    Operation(
        "getMetrics", "GET", "/metrics", "Metrics in Prometheus's text format",
        Tag.OPERATING, Access.METRICS, 200, "text/plain; version=0.0.4",
    ),
    Operation(
        "getOpenApi", "GET", "/api/openapi.json", "This document", Tag.OPERATING, Access.OPEN, 200, "application/json",
    ),
)  # fmt: skip

OPERATIONS: Final = (*_CHANNEL_OPERATIONS, *DELIVERY_OPERATIONS, *WEBHOOK_OPERATIONS, *CLIENT_OPERATIONS, *_OPERATING)
