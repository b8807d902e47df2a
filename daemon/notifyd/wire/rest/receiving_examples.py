"""What bodies about receiving look like; the story goes on in `wire.rest.examples`."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

_NOTIFICATION_ID: Final = "019c0f2a-6d80-7c41-9b2e-4f1a8d3c5e70"
_CONNECTION_ID: Final = "019c0f29-51c2-7e0a-8a6d-3b7c9e1f2a40"
_EPOCH: Final = "k3v9q2xw"
_AT: Final = "2026-01-30T12:00:00.000Z"

RECEIVING_BODIES: Final[dict[str, Json]] = {
    "ackNotifications": {"connectionId": _CONNECTION_ID, "ids": [_NOTIFICATION_ID]},
}
RECEIVING_ANSWERS: Final[dict[str, Json]] = {"ackNotifications": {"acked": 1, "unknown": []}}
RECEIVING_TEXTS: Final[dict[str, Any]] = {
    "streamChannel": (
        f"id: {_EPOCH}:16\nevent: subscribed\n"
        f'data: {{"connectionId":"{_CONNECTION_ID}","position":{{"epoch":"{_EPOCH}","offset":16}},'
        '"recovered":null}\n\n'
        f"id: {_EPOCH}:17\nevent: notification\n"
        f'data: {{"id":"{_NOTIFICATION_ID}","channel":"orders.eu","data":{{"orderId":42}},"timestamp":"{_AT}",'
        f'"priority":5,"epoch":"{_EPOCH}","offset":17}}\n\n'
    ),
    "streamInbox": (
        f"id: {_EPOCH}:3\nevent: subscribed\n"
        f'data: {{"connectionId":"{_CONNECTION_ID}","position":{{"epoch":"{_EPOCH}","offset":4}},"recovered":null,'
        '"ack":true,"ackSeconds":30}\n\n'
        f"id: {_EPOCH}:3\nevent: notification\n"
        f'data: {{"id":"{_NOTIFICATION_ID}","channel":null,"data":{{"title":"Your order is on its way"}},'
        f'"timestamp":"{_AT}","priority":5,"epoch":"{_EPOCH}","offset":4}}\n\n'
    ),
}
