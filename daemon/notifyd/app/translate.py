"""From the settings to what each part wants to be told. The only place that knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from notifyd.dispatch.dispatcher import DispatchRules
from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.native import NativeRules
from notifyd.ingress.edge.settings import ConnectionSettings, EdgeSettings, HttpSettings, WebSocketSettings
from notifyd.ingress.rpc.server import RpcOptions
from notifyd.policy.liveness import LivenessRules
from notifyd.policy.publishing import PublishRules
from notifyd.service.keys import KeyRules
from notifyd.service.subscribe import SubscribeRules
from notifyd.store.options import BrokerLimits, BrokerOptions, HistoryLimits, HistoryRule, QueueLimits, ReceiptLimits
from notifyd.telemetry.logs import LogOptions

if TYPE_CHECKING:
    from notifyd.config import Settings
    from notifyd.store.options import Durability

#: Of its outbox, what a replay may fill before it waits for the peer.
_PAGE_SHARE = 4

#: What a request on the admin socket may have beside the data and the metadata of its notification.
_REST_OF_A_REQUEST_BYTES = 1024 * 1024


def log_options(settings: Settings) -> LogOptions:
    """Where the log goes."""
    log = settings.log
    return LogOptions(
        level=log.level,
        console=log.console,
        file=log.file,
        path=log.path,
        format=log.format,
        max_file_bytes=log.max_file_bytes,
        max_files=log.max_files,
        ring_entries=log.ring_entries,
    )


def broker_options(settings: Settings) -> BrokerOptions:
    """Which broker to open."""
    return BrokerOptions(
        url=settings.broker.url,
        durability=cast("Durability", settings.broker.durability),
        state_dir=settings.server.state_dir,
        limits=broker_limits(settings),
    )


def broker_limits(settings: Settings) -> BrokerLimits:
    """The broker's bounds."""
    delivery, history, receipts = settings.delivery, settings.history, settings.receipts
    rules = tuple(HistoryRule(r.pattern, r.max_publications, r.max_age_seconds) for r in settings.channels)
    return BrokerLimits(
        queue=QueueLimits(delivery.max_queue_size, delivery.max_queue_bytes),
        history=HistoryLimits(
            history.max_publications, history.max_age_seconds, history.max_bytes, history.max_channels, rules
        ),
        receipts=ReceiptLimits(receipts.max_age_seconds, receipts.max_count),
        max_idempotency_keys=delivery.max_idempotency_keys,
    )


def publish_rules(settings: Settings) -> PublishRules:
    """The bounds of a notification."""
    delivery = settings.delivery
    return PublishRules(
        message_expiry_ms=_ms(delivery.message_expiry_seconds),
        ageing_ms=_ms(delivery.ageing_seconds),
        max_schedule_ms=_ms(delivery.max_schedule_seconds),
        max_data_bytes=delivery.max_data_bytes,
        max_data_depth=delivery.max_data_depth,
        max_channel_length=settings.websocket.max_channel_length,
        max_frame_bytes=settings.websocket.outbox_bytes,
    )


def dispatch_rules(settings: Settings) -> DispatchRules:
    """How to dispatch."""
    delivery = settings.delivery
    return DispatchRules(
        delivery.batch_size,
        delivery.lease_seconds,
        delivery.retry_delay_seconds,
        delivery.retry_max_seconds,
        delivery.retry_attempts,
    )


def subscribe_rules(settings: Settings) -> SubscribeRules:
    """The bounds of subscriptions."""
    return SubscribeRules(settings.websocket.max_subscriptions, settings.websocket.max_channel_length)


def liveness_rules(settings: Settings) -> LivenessRules:
    """Heartbeats and time limits."""
    websocket = settings.websocket
    return LivenessRules(
        websocket.heartbeat_interval_seconds, websocket.connection_timeout_seconds, websocket.authentication_seconds
    )


def key_rules(settings: Settings) -> KeyRules:
    """How keys are made."""
    keys = settings.keys
    return KeyRules(keys.key_bytes, _ms(keys.rotation_overlap_seconds), keys.max_keys)


def native_rules(settings: Settings) -> NativeRules:
    """The bounds of the plain JSON protocol."""
    websocket = settings.websocket
    return NativeRules(
        tuple(websocket.allowed_origins),
        websocket.max_protocol_errors,
        websocket.outbox_bytes // _PAGE_SHARE,
        TrustedProxies(settings.server.trusted_proxies),
    )


def edge_settings(settings: Settings) -> EdgeSettings:
    """The bounds of HTTP and WebSocket connections."""
    http, websocket = settings.http, settings.websocket
    return EdgeSettings(
        http=HttpSettings(
            max_head_bytes=http.max_head_bytes,
            max_headers=http.max_headers,
            max_target_bytes=http.max_head_bytes,
            max_body_bytes=http.max_body_bytes,
            buffered_body_bytes=http.max_body_bytes,
            head_timeout_seconds=http.head_timeout_seconds,
            body_timeout_seconds=http.body_timeout_seconds,
            idle_timeout_seconds=http.idle_timeout_seconds,
            max_pipelined=http.max_pipelined,
        ),
        websocket=WebSocketSettings(
            max_message_bytes=websocket.max_message_bytes,
            outbox_bytes=websocket.outbox_bytes,
            close_timeout_seconds=websocket.close_seconds,
        ),
        connections=connection_settings(settings),
    )


def connection_settings(settings: Settings) -> ConnectionSettings:
    """How many connections there may be."""
    server = settings.server
    return ConnectionSettings(
        max_connections=server.max_connections, max_connections_per_address=server.max_connections_per_address
    )


def rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the admin interface."""
    admin = settings.admin
    # Data and metadata may each have delivery.max_data_bytes. That setting can change while the daemon runs and the
    # bound of requests cannot; http.max_body_bytes, which cannot either, is never below it.
    most = 2 * settings.http.max_body_bytes + _REST_OF_A_REQUEST_BYTES
    return RpcOptions(admin.workers, admin.max_streams, admin.call_timeout_seconds, max_request_bytes=most)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
