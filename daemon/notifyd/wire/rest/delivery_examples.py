"""What bodies about what comes after the dispatch look like; the story goes on in `wire.rest.examples`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

Json = dict[str, Any]

_NOTIFICATION_ID: Final = "019c0f2a-6d80-7c41-9b2e-4f1a8d3c5e70"
_LETTER_ID: Final = f"{_NOTIFICATION_ID}.4be1f0a7c2d9"
_AT: Final = "2026-01-30T12:00:00.000Z"
_LATER: Final = "2026-01-31T12:00:00.000Z"

TIMELINE: Final[list[Json]] = [
    {"at": _AT, "event": "accepted"},
    {"at": _AT, "event": "dispatched"},
    {"at": "2026-01-30T12:00:01.250Z", "event": "arrived", "userId": "alice"},
]
_LETTER: Final[Json] = {
    "id": _LETTER_ID,
    "clientId": "default",
    "stage": "subscription",
    "notificationId": _NOTIFICATION_ID,
    "kind": "channel",
    "channel": "orders.eu",
    "reason": "ack_timeout",
    "error": "no ack came within 30 s",
    "attempts": 3,
    "diedAt": "2026-01-30T12:01:34.000Z",
    "userId": None,
    "durable": "warehouse",
    "connectionId": None,
    "position": {"epoch": "k3v9q2xw", "offset": 17},
    "priority": 5,
    "acceptedAt": _AT,
    "expiresAt": _LATER,
    "requestId": "checkout-8841",
}
_CARRIED: Final[Json] = {"data": {"orderId": 42, "state": "shipped"}, "metadata": {"source": "warehouse"}}
_WHOLE: Final[Json] = (
    _LETTER
    | _CARRIED
    | {
        "timeline": [
            *TIMELINE[:2],
            {
                "at": "2026-01-30T12:01:34.000Z",
                "event": "dead",
                "receiver": "warehouse",
                "attempt": 3,
                "detail": "ack_timeout",
            },
        ]
    }
)
_DURABLE: Final[Json] = {
    "clientId": "default",
    "channel": "orders.eu",
    "name": "warehouse",
    "userId": None,
    "position": {"epoch": "k3v9q2xw", "offset": 16},
    "pending": 4,
    "unacked": 2,
    "connections": 1,
    "usedAt": _AT,
}

#: As `examples.BODIES`.
DELIVERY_BODIES: Final[dict[str, Json]] = {
    "retryDeadLetters": {"filter": {"channel": "orders.eu", "reason": "ack_timeout"}, "ttl": 3_600_000},
    "retryDeadLetter": {"ttl": 3_600_000},
}

#: As `examples.ANSWERS`.
DELIVERY_ANSWERS: Final[dict[str, Json]] = {
    "listDeadLetters": {"deadLetters": [_LETTER], "total": 1},
    "getDeadLetter": {"deadLetter": _WHOLE},
    "dropDeadLetters": {"dropped": 1},
    "dropDeadLetter": {"message": "dead letter dropped successfully"},
    "retryDeadLetter": {"notificationId": _NOTIFICATION_ID},
    "retryDeadLetters": {
        "retried": 1,
        "results": [
            {"id": _LETTER_ID, "notificationId": _NOTIFICATION_ID, "error": None},
            {
                "id": "019c0f2a-6d80-7d52-8c3f-5a2b9e4d6f81",
                "notificationId": None,
                "error": {"code": "expired", "message": "it has expired: put it back with a new ttl"},
            },
        ],
    },
    "getPresence": {
        "channel": "orders.eu",
        "memberCount": 2,
        "subscriberCount": 3,
        "members": [
            {"userId": "alice", "connectionIds": ["c_5d1f", "c_9b02"], "joinedAt": _AT},
            {"connectionIds": ["c_77ae"], "joinedAt": _LATER},
        ],
    },
    "listDurableSubscriptions": {"subscriptions": [_DURABLE]},
    "removeDurableSubscription": {"subscription": _DURABLE | {"connections": 0, "unacked": 0}},
}

#: As `examples.TEXTS`.
DELIVERY_TEXTS: Final[dict[str, Any]] = {
    "exportDeadLetters": msgspec.json.encode(_LETTER | _CARRIED).decode() + "\n",
}
