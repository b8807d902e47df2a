"""What the answers about webhooks look like."""

from __future__ import annotations

from typing import Any, Final

WEBHOOK_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "listWebhooks": {
        "webhooks": [
            {
                "name": "backend",
                "url": "https://example.com/notifyd-events",
                "clientId": None,
                "events": ["notification.dead", "notification.unreached"],
                "state": "idle",
                "waiting": 0,
                "delivered": 12,
                "failed": 1,
                "dead": 0,
                "dropped": 0,
                "lastAt": "2026-01-30T12:00:00.000Z",
                "lastStatus": 204,
                "lastError": None,
            }
        ]
    },
    "testWebhook": {
        "test": {
            "eventId": "evt_019c0f2a-6d80-7c41-9b2e-4f1a8d3c5e70",
            "taken": True,
            "status": 204,
            "error": None,
            "seconds": 0.042,
        }
    },
}
