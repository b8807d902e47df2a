"""Looks at a service that does not exist."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from notifyctl.screen.looks import Figures, Look
from notifyctl.showing import convert
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples

GIBIBYTE = 1 << 30


def at(seconds: float = 0.0) -> Timestamp:
    """So long after noon."""
    stamp = Timestamp()
    stamp.FromMilliseconds(samples.NOON_MS + round(seconds * 1000))
    return stamp


def stats(**changes: Any) -> dict[str, Any]:
    """Figures of a busy service."""
    queue = pb.QueueStats(
        waiting=8200, ready=8000, scheduled=150, leased=50, waiting_bytes=4_000_000, max_size=10_000,
        max_bytes=256 << 20, by_priority={10: 12, 7: 300, 5: 7000, 1: 888}, oldest_accepted_at=at(-95),
    )  # fmt: skip
    channel = pb.ChannelCount(client_id="shop", channel="orders.eu", subscriber_count=1200, publications_per_second=3.4)
    busy = {
        "queue": queue,
        "nodes": 2,
        "processors": 4.0,
        "memory_limit_bytes": 2 * GIBIBYTE,
        "open_files_limit": 20_000,
        "open_files": 15_500,
        "connections": 1300,
        "connections_by_transport": {"websocket": 900, "socketio": 398, "sse": 2},
        "channels": 40,
        "subscriptions": 2600,
        "history_publications": 51_000,
        "history_bytes": 90 << 20,
        "history_channels": 44,
        "dead_letters": 3,
        "dead_letter_bytes": 4096,
        "top_channels": [channel],
        "busiest_channels": [channel, pb.ChannelCount(client_id="default", channel=samples.HOSTILE)],
    }
    return convert.record(samples.stats(**(busy | changes)))


def node(name: str, **changes: Any) -> dict[str, Any]:
    """One that is ready."""
    told = {"state": "ready", "connections": 650, "resident_bytes": 90 << 20, "lag_seconds": 0.003, "at": at()}
    return convert.record(pb.Node(**({"id": f"{name}-id", "name": name} | told | changes)))


def slow(**changes: Any) -> dict[str, Any]:
    """A connection that lags behind."""
    told = {
        "id": "3406d4891c60a5d1", "client_id": "default", "key_id": "key_84214d4b4f1387b8", "transport": "websocket",
        "address": "10.0.0.7", "node": "node-1", "outbox_bytes": 900_000, "outbox_limit_bytes": 1 << 20,
        "behind_since": at(-42),
    }  # fmt: skip
    return convert.record(pb.Connection(**(told | changes)))


def cut(**changes: Any) -> dict[str, Any]:
    """One that was cut off."""
    told = {"id": "c2", "client_id": "shop", "user_id": "alice", "transport": "sse", "outbox_bytes": 1 << 20}
    return convert.record(pb.CutOff(**(told | {"at": at(-5)} | changes)))


def trouble(event: str, level: str = "warning", fields_json: str = "{}", seconds: float = 0.0) -> dict[str, Any]:
    """A record of the log."""
    return convert.record(pb.LogRecord(timestamp=at(seconds), level=level, event=event, fields_json=fields_json))


def look(**changes: Any) -> Look:
    """Everything at one moment."""
    found = {
        "stats": stats(),
        "nodes": [node("node-1", self=True), node("node-2", state="draining")],
        "slow": [slow()],
        "cut": [cut()],
        "troubles": [
            trouble("key_rejected", fields_json='{"reason":"[bold]unknown"}'),
            trouble("dispatch_fault", "error", fields_json='{"leases":3,"exception":"Traceback ..."}', seconds=2),
        ],
    }
    return Look(**(found | changes))


def figures(moments: int = 30, **changes: Any) -> Figures:
    """What so many looks, a second after each other, have shown."""
    made = Figures()
    for second in range(moments):
        wave = (0, 3, 7, 12, 7, 3)[second % 6]
        made.take(
            look(
                stats=stats(
                    at=at(second), uptime_seconds=86_400.0 + second, accepted=100 * second + wave,
                    deliveries=3000 * second + 100 * wave, delivered_bytes=400_000 * second, dispatched=90 * second,
                    cpu_seconds=1.5 * second, errors=second // 20, rejected=second // 7,
                ),
                nodes=[node(name, at=at(second), accepted=50 * second, deliveries=1500 * second,
                            cpu_seconds=0.7 * second, self=name == "node-1") for name in ("node-1", "node-2")],
                **changes,
            )
        )  # fmt: skip
    return made
