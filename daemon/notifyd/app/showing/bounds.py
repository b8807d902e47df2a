"""Every bound that operation can come to: its setting, its name in /metrics, and the gauge that comes near to it.

What happens when one is reached stands in notifyd(8), section LIMITS, which the tests hold against this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from notifyd.config import value_of
from notifyd.store.ports import Lane
from notifyd.telemetry.prometheus import Gauge

if TYPE_CHECKING:
    from notifyd.app.parts.graph import Graph
    from notifyd.config import Settings


class Bound(NamedTuple):
    """One bound."""

    #: Its path in the configuration.
    setting: str
    #: The label of its value in notifyd_limit.
    limit: str
    #: Without the prefix notifyd_; "" where nothing is counted over all. Of a bound for each of many it is their sum.
    gauge: str = ""


BOUNDS: Final = (
    Bound("delivery.max_queue_size", "queue_size", "queue_waiting"),
    Bound("delivery.max_queue_bytes", "queue_bytes", "queue_waiting_bytes"),
    Bound("delivery.max_idempotency_keys", "idempotency_keys", "idempotency_keys"),
    Bound("broker.max_waiting", "broker_commands_each"),
    Bound("delivery.max_data_bytes", "data_bytes_each"),
    Bound("delivery.max_data_depth", "data_depth_each"),
    Bound("delivery.max_batch", "batch_each"),
    Bound("clients.max_targets", "targets_each"),
    Bound("history.max_publications", "history_publications_each", "history_publications"),
    Bound("history.max_bytes", "history_bytes", "history_bytes"),
    Bound("history.max_channels", "history_channels", "history_channels"),
    Bound("inbox.max_notifications", "inbox_notifications_each", "inbox_notifications"),
    Bound("inbox.max_user_bytes", "inbox_bytes_each", "inbox_bytes"),
    Bound("inbox.max_bytes", "inbox_bytes", "inbox_bytes"),
    Bound("inbox.max_users", "inbox_users", "inbox_users"),
    Bound("subscriptions.max_unacked", "unacked_each", "unacked"),
    Bound("subscriptions.max_durable", "durable_subscriptions", "durable_subscriptions"),
    Bound("subscriptions.max_durable_per_user", "durable_subscriptions_of_user", "durable_subscriptions"),
    Bound("dead_letters.max_count", "dead_letters", "dead_letters"),
    Bound("dead_letters.max_bytes", "dead_letter_bytes", "dead_letter_bytes"),
    Bound("receipts.max_count", "receipts", "receipts"),
    Bound("receipts.max_events", "timeline_events_each", "timeline_events"),
    Bound("receipts.max_all_events", "timeline_events", "timeline_events"),
    Bound("receipts.max_waiters", "waiters", "waiters"),
    Bound("events.max_waiting", "webhook_events", "webhook_events_waiting"),
    Bound("presence.max_members", "presence_members_each", "presence_members"),
    Bound("presence.max_notified", "presence_notified_each"),
    Bound("presence.max_waiting", "presence_changes", "presence_waiting"),
    Bound("websocket.outbox_bytes", "outbox_bytes_each", "outbox_bytes"),
    Bound("websocket.max_message_bytes", "message_bytes_each"),
    Bound("websocket.max_subscriptions", "subscriptions_each", "subscriptions"),
    Bound("websocket.max_channel_length", "channel_length_each"),
    Bound("websocket.max_protocol_errors", "protocol_errors_each"),
    Bound("server.max_connections", "connections", "connections"),
    Bound("server.max_connections_per_address", "connections_of_address", "connections"),
    Bound("keys.max_connections_per_key", "connections_of_key", "connections"),
    Bound("clients.max_connections_per_user", "connections_of_user", "connections"),
    Bound("socketio.max_sessions", "socketio_sessions", "socketio_sessions"),
    Bound("socketio.max_namespaces", "socketio_namespaces_each"),
    Bound("socketio.max_payload_bytes", "socketio_payload_bytes_each"),
    Bound("socketio.max_attachments", "socketio_attachments_each"),
    Bound("grpc.max_streams", "grpc_streams"),
    Bound("grpc.workers", "grpc_calls"),
    Bound("admin.max_streams", "admin_streams"),
    Bound("admin.workers", "admin_calls"),
    Bound("admin.max_remote_connections", "admin_connections"),
    Bound("http.max_head_bytes", "http_head_bytes_each"),
    Bound("http.max_headers", "http_headers_each"),
    Bound("http.max_body_bytes", "http_body_bytes_each"),
    Bound("http.max_pipelined", "http_pipelined_each"),
    Bound("keys.max_keys", "keys", "keys"),
    Bound("clients.max_clients", "clients", "clients"),
    Bound("clients.max_devices_per_user", "devices_of_user"),
    Bound("clients.max_token_bytes", "token_bytes_each"),
    Bound("limits.requests_per_minute", "requests_per_minute"),
    Bound("limits.burst", "requests_at_once"),
    Bound("clients.publishes_per_minute", "publishes_per_minute"),
    Bound("bullmq.concurrency", "bullmq_jobs", "bullmq_jobs_in_hand"),
    Bound("log.ring_entries", "log_entries", "log_entries"),
    Bound("log.max_file_bytes", "log_file_bytes"),
    Bound("log.max_files", "log_files"),
)


def limits(settings: Settings) -> dict[str, float]:
    """The bounds in force, as notifyd_limit names them."""
    return {bound.limit: cast("float", value_of(settings, bound.setting)) for bound in BOUNDS}


def bound_gauges(graph: Graph) -> list[Gauge]:
    """Gauges that nothing but a bound is looked at for."""
    queue = graph.engines.broker.queue
    return [
        Gauge("keys", "API keys, revoked ones that are still remembered included.", lambda: len(graph.ring)),
        Gauge("idempotency_keys", "Idempotency keys remembered.", queue.idempotency_keys),
        Gauge("webhook_events_waiting", "Events that webhooks are still to be told.", lambda: queue.size(Lane.WEBHOOK)),
        Gauge("presence_members", "Members of all channels with presence.", lambda: graph.presence.member_count),
        Gauge("presence_waiting", "Joins and leaves still to be told.", lambda: graph.presence_news.waiting),
        Gauge("bullmq_jobs_in_hand", "Jobs of BullMQ taken and not finished.", lambda: _jobs(graph)),
    ]


def _jobs(graph: Graph) -> int:
    return 0 if graph.bullmq is None else graph.bullmq.in_hand
