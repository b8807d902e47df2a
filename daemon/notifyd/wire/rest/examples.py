"""What bodies look like: for each operation one request and one answer, for each refusal the usual reasons.

The examples are one story: an application registers, and tells two of its users about an order.
"""

from __future__ import annotations

from typing import Any, Final

from notifyd.wire.rest.bodies import FieldProblemView, Problem
from notifyd.wire.rest.delivery_examples import DELIVERY_ANSWERS, DELIVERY_BODIES, DELIVERY_TEXTS, TIMELINE
from notifyd.wire.rest.receiving_examples import RECEIVING_ANSWERS, RECEIVING_BODIES, RECEIVING_TEXTS
from notifyd.wire.rest.webhook_examples import WEBHOOK_ANSWERS

Json = dict[str, Any]

_CLIENT_ID: Final = "5f2b8c1e9a7d4036b8e2c4f1"
_NOTIFICATION_ID: Final = "019c0f2a-6d80-7c41-9b2e-4f1a8d3c5e70"
_OTHER_ID: Final = "019c0f2a-6d80-7d52-8c3f-5a2b9e4d6f81"
_EPOCH: Final = "k3v9q2xw"
_KEY: Final = "9f2c4e6a8b0d1f3e5a7c9b1d3f5e7a90"
_AT: Final = "2026-01-30T12:00:00.000Z"
_LATER: Final = "2026-01-31T12:00:00.000Z"
_BEFORE: Final = "2026-01-30T08:00:00.000Z"
_ENGINES: Final = [{"name": name, "healthy": True, "since": _BEFORE} for name in ("broker", "records", "disk")]

_PAYLOAD: Final[Json] = {
    "title": "Your order is on its way",
    "body": "It arrives on Friday.",
    "actionUrl": "https://shop.example.com/orders/42",
    "imageUrl": "https://shop.example.com/parcel.jpg",
    "data": {"orderId": 42},
}
_ACCEPTED: Final[Json] = {"notificationId": _NOTIFICATION_ID, "status": "accepted", "durability": "fsync"}
_REGISTERED: Final[Json] = {
    "id": _CLIENT_ID,
    "clientId": _CLIENT_ID,
    "appName": "Shop",
    "clientUrl": "https://shop.example.com",
    "description": "The shop and its mobile applications",
    "cookieName": "shop_session",
    "createdAt": _AT,
}
_CLIENT: Final[Json] = _REGISTERED | {"updatedAt": _AT, "previousSecretUntil": None}
_DEVICE: Final[Json] = {
    "id": "dev_4e8a1c7b2d9f0635",
    "clientId": _CLIENT_ID,
    "userId": "alice",
    "tokenHint": "x9Qw2e",
    "createdAt": _AT,
    "seenAt": _AT,
}
_POSITION: Final[Json] = {"epoch": _EPOCH, "offset": 17}
_PUBLICATION: Final[Json] = {
    "id": _NOTIFICATION_ID,
    "channel": "orders.eu",
    "data": {"orderId": 42, "state": "shipped"},
    "timestamp": _AT,
    "priority": 5,
    "metadata": {"source": "warehouse"},
    "epoch": _EPOCH,
    "offset": 17,
}
_RECEIPT: Final[Json] = {
    "id": _NOTIFICATION_ID,
    "clientId": _CLIENT_ID,
    "kind": "users",
    "channel": None,
    "priority": 5,
    "state": "dispatched",
    "acceptedAt": _AT,
    "dueAt": _AT,
    "expiresAt": _LATER,
    "settledAt": _AT,
    "attempts": 0,
    "delivered": 2,
    "acked": 1,
    "stored": 1,
    "pushed": 1,
    "failed": 0,
    "position": None,
    "reason": None,
    "users": [
        {
            "userId": "alice",
            "state": "delivered",
            "offset": 17,
            "connections": 2,
            "pushed": 0,
            "failed": 0,
            "reason": None,
        },
        {"userId": "bob", "state": "stored", "offset": 4, "connections": 0, "pushed": 1, "failed": 0, "reason": None},
    ],
    "timeline": TIMELINE,
    "requestId": "checkout-8841",
}
_CANCELLED: Final[Json] = _RECEIPT | {
    "kind": "channel",
    "channel": "orders.eu",
    "state": "cancelled",
    "delivered": 0,
    "acked": 0,
    "stored": 0,
    "pushed": 0,
    "users": [],
    "timeline": [TIMELINE[0], {"at": _AT, "event": "cancelled"}],
}
_API_KEY: Final[Json] = {
    "id": "key_7b1d3f5e9a2c4068",
    "clientId": "default",
    "clientName": "Shop",
    "scopes": ["publish:orders.*", "users"],
    "allowedCidrs": ["10.0.0.0/8"],
    "status": "active",
    "createdAt": _AT,
    "expiresAt": None,
    "revokedAt": None,
    "lastUsedAt": _LATER,
    "previousUntil": None,
}
_ISSUED: Final[Json] = {"apiKey": _KEY, "keyId": "key_7b1d3f5e9a2c4068", "clientName": "Shop"}
_QUEUE: Final[Json] = {
    "waiting": 3,
    "ready": 1,
    "scheduled": 2,
    "leased": 0,
    "waitingBytes": 1843,
    "maxSize": 10000,
    "maxBytes": 268435456,
    "paused": False,
    "byPriority": {"5": 2, "9": 1},
    "oldestAcceptedAt": _AT,
}
_CHANNEL_COUNT: Final[Json] = {
    "clientId": "default",
    "channel": "orders.eu",
    "subscriberCount": 120,
    "publicationsPerSecond": 3.4,
}
_STATS: Final[Json] = {
    "timestamp": _AT,
    "uptimeSeconds": 86400.0,
    "counters": {"accepted": 1250, "delivered": 48210},
    "connections": 212,
    "connectionsByTransport": {"websocket": 180, "socketio": 30, "sse": 2},
    "channels": 14,
    "subscriptions": 240,
    "queue": _QUEUE,
    "history": {"channels": 14, "publications": 1250, "bytes": 412000},
    "inboxes": {"users": 310, "notifications": 1820, "bytes": 640000},
    "deadLetters": {"count": 2, "bytes": 1290},
    "acks": {"durable": 3, "unacked": 12},
    "receipts": {"receipts": 1250, "timelineEvents": 2410},
    "logEntries": 10000,
    "outboxBytes": 0,
    "residentBytes": 74000000,
    "cpuSeconds": 31.5,
    "openFiles": 240,
    "memoryLimitBytes": 2147483648,
    "openFilesLimit": 20000,
    "processors": 2.0,
    "topChannels": [_CHANNEL_COUNT],
    "busiestChannels": [_CHANNEL_COUNT],
    "nodes": 1,
    "missingNodes": 0,
}

#: The example of a request's body, by operation.
BODIES: Final[dict[str, Json]] = {
    "publishNotification": {
        "channel": "orders.eu",
        "data": {"orderId": 42, "state": "shipped"},
        "priority": 5,
        "metadata": {"source": "warehouse"},
    },
    "broadcastNotification": {"data": {"text": "Maintenance at noon"}, "priority": 9, "ttl": 3_600_000},
    "publishBatch": {
        "notifications": [
            {"channel": "orders.eu", "data": {"orderId": 42}},
            {"channel": "orders.us", "data": {"orderId": 43}, "delay": 60_000},
        ]
    },
    "publishToUsers": {"clientId": "default", "users": ["alice", "bob"], "payload": _PAYLOAD},
    "registerClient": {
        "appName": "Shop",
        "clientSecret": "a-secret-of-32-random-characters",
        "clientUrl": "https://shop.example.com",
        "description": "The shop and its mobile applications",
        "cookieName": "shop_session",
    },
    "rotateClientSecret": {"overlapSeconds": 3600},
    "registerDevice": {"clientId": "default", "userId": "alice", "fcmToken": "fT0k3n-from-firebase-messaging-x9Qw2e"},
    "mintToken": {"clientId": "default", "userId": "alice", "ttlSeconds": 3600, "channels": ["subscribe:orders.*"]},
    "createKey": {"clientName": "Shop", "scopes": ["publish:orders.*", "users"], "allowedCidrs": ["10.0.0.0/8"]},
    "rotateKey": {"overlapSeconds": 3600},
    **DELIVERY_BODIES,
    **RECEIVING_BODIES,
}

#: The example of a success without what every one begins with, by operation.
ANSWERS: Final[dict[str, Json]] = {
    "publishNotification": _ACCEPTED,
    "broadcastNotification": _ACCEPTED,
    "publishBatch": {
        "notificationIds": [_NOTIFICATION_ID, _OTHER_ID],
        "status": "accepted",
        "durability": "fsync",
    },
    "publishToUsers": _ACCEPTED,
    "getNotification": {"notification": _RECEIPT},
    "cancelNotification": {"notification": _CANCELLED},
    "getHistory": {
        "channel": "orders.eu",
        "position": _POSITION,
        "publications": [_PUBLICATION],
        "skipped": 0,
        "more": False,
        "recovered": None,
    },
    "registerClient": _REGISTERED | {"warnings": []},
    "listClients": {"clients": [_CLIENT]},
    "getClient": {"client": _CLIENT},
    "removeClient": {"message": "client removed successfully"},
    "rotateClientSecret": {
        "client": _CLIENT | {"updatedAt": _LATER, "previousSecretUntil": "2026-01-31T13:00:00.000Z"},
        "warnings": [],
        "clientSecret": "Zk3v9Q2xW7hJ2nQ8vXrT4kLpZ5sKd72hQpL4mXz01aE",
    },
    "getInbox": {
        "clientId": _CLIENT_ID,
        "userId": "alice",
        "position": _POSITION,
        "cursor": 16,
        "kept": 1,
        "undelivered": 1,
        "sizeBytes": 412,
        "lastAt": _AT,
        "notifications": [_PUBLICATION | {"channel": None, "data": _PAYLOAD}],
        "more": False,
    },
    "registerDevice": {"deviceId": _DEVICE["id"], "device": _DEVICE},
    "listDevices": {"devices": [_DEVICE]},
    "removeDevice": {"message": "device removed successfully"},
    "mintToken": {"token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjbGllbnRJZCI6Ii4uLiJ9.c2ln", "expiresAt": _LATER},
    "createKey": _ISSUED | {"message": "API key created successfully"},
    "listKeys": {"keys": [_API_KEY]},
    "getKey": {"key": _API_KEY},
    "revokeKey": {"message": "API key revoked successfully"},
    "rotateKey": _ISSUED | {"message": "API key rotated successfully"},
    "getStats": {"stats": _STATS},
    "getQueue": {"queue": _QUEUE},
    "clearQueue": {"cleared": 3},
    "pauseQueue": {"queue": _QUEUE | {"paused": True}},
    "resumeQueue": {"queue": _QUEUE},
    "getHealth": {
        "status": "ok",
        "uptime": 86400.0,
        "version": "0.1.0",
        "timestamp": _AT,
        "engines": _ENGINES,
    },
    "getLive": {"status": "live"},
    "getReady": {"status": "ready", "draining": False, "since": _AT, "engines": _ENGINES},
    **DELIVERY_ANSWERS,
    **WEBHOOK_ANSWERS,
    **RECEIVING_ANSWERS,
}
#: Answers that say nothing but how it is.
_WITHOUT_SUCCESS: Final = ("getHealth", "getLive", "getReady")

#: The examples of answers that have no type of ours.
TEXTS: Final[dict[str, Any]] = {
    "getMetrics": "# TYPE notifyd_accepted_total counter\nnotifyd_accepted_total 1250.0\n",
    "getOpenApi": {"openapi": "3.1.0", "info": {"title": "notifyd", "version": "0.1.0"}},
    **DELIVERY_TEXTS,
    **RECEIVING_TEXTS,
}


def answer_example(operation_id: str) -> Json:
    """The example of a success."""
    example = ANSWERS[operation_id]
    return example if operation_id in _WITHOUT_SUCCESS else {"success": True, **example}


def _because(code: str, message: str, *details: tuple[str, str]) -> Problem:
    return Problem(code, message, "7f3c2a1b9d8e4f60", [FieldProblemView(field, said) for field, said in details])


#: The usual refusals, by status.
REFUSALS: Final[dict[int, tuple[Problem, ...]]] = {
    400: (
        _because(
            "invalid_request",
            "Object missing required field `channel`",
            ("channel", "is missing"),
            ("priority", "Expected `int` <= 10"),
        ),
        _because(
            "invalid_client",
            "clientSecret must have 8 to 1024 characters; clientUrl must be an http:// or https:// address with a host",
            ("clientSecret", "must have 8 to 1024 characters"),
            ("clientUrl", "must be an http:// or https:// address with a host"),
        ),
        _because("invalid_json", "the body must be a JSON object: JSON is malformed: invalid character (byte 12)"),
    ),
    401: (
        _because("missing_api_key", "send an API key in the header X-API-Key"),
        _because("invalid_api_key", "the API key is not known: check it, or ask for a new one"),
        _because("admin_token_required", "send the admin token as Authorization: Bearer TOKEN"),
        _because("token_expired", "the token has expired: get a new one"),
    ),
    403: (
        _because("scope_missing", "this credential may not publish to 'orders.eu': it needs publish:orders.eu"),
        _because("wrong_client", "the API key belongs to another client than clientId names"),
        _because("local_only", "admin calls in development mode may not come from a web page of another origin"),
    ),
    404: (
        _because("client_not_found", f"there is no client {_CLIENT_ID!r}"),
        _because("notification_not_found", "there is no such notification, or its receipt was dropped"),
        _because("key_not_found", "there is no such API key"),
        _because("dead_letter_not_found", "there is no such dead letter (any more)"),
    ),
    409: (
        _because("conflict", "the notification is dispatched already: it cannot be withdrawn any more"),
        _because("expired", "it has expired: put it back with a new ttl"),
        _because("client_protected", "the client `default` stays: rotate its secret instead"),
    ),
    413: (_because("too_large", "the body is over 1048576 bytes"),),
    415: (
        _because(
            "unsupported_media_type",
            "the body is declared as 'text/plain': set the header Content-Type: application/json",
        ),
    ),
    422: (_because("idempotency_key_reused", "this Idempotency-Key was used before, with another body"),),
    429: (
        _because("rate_limited", "too many requests: try again in 3.0 s"),
        _because("queue_full", "the queue is full: try again later"),
    ),
    500: (_because("internal", "the request failed inside the daemon; its log says why, under this request id"),),
    503: (
        _because("draining", "the daemon is shutting down and accepts nothing new"),
        _because("store_unavailable", "the store does not answer: nothing was accepted"),
    ),
}
