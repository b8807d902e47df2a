"""From the settings to what each part wants to be told; `translate_engines` does it for the engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.dispatch.dispatcher import DispatchRules
from notifyd.dispatch.push_router import PushRules
from notifyd.dispatch.webhook_desk import EventRules
from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.namespaces.services import NamespaceRules
from notifyd.ingress.edge.native.services import NativeRules
from notifyd.ingress.edge.settings import ConnectionSettings, EdgeSettings, HttpSettings, WebSocketSettings
from notifyd.ingress.edge.socketio.settings import EngineSettings, SocketIoSettings
from notifyd.ingress.rpc.options import RpcOptions
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.policy.publishing.publish import PublishRules
from notifyd.policy.receiving.liveness import LivenessRules
from notifyd.policy.receiving.window import AckRules
from notifyd.policy.webhooks.answers import WebhookRules
from notifyd.push.options import FcmOptions
from notifyd.service.access.keys import KeyRules
from notifyd.service.access.tokens import TokenRules
from notifyd.service.clients.clients import ClientRules
from notifyd.service.clients.devices import DeviceRules
from notifyd.service.receiving.connect import ConnectRules
from notifyd.service.receiving.subscribe import SubscribeRules
from notifyd.telemetry.logs import LogOptions
from notifyd.wire.socketio.engineio import EngineRules
from notifyd.wire.socketio.packets import PacketLimits
from notifyd.wire.socketio.session import SocketIoRules

if TYPE_CHECKING:
    from notifyd.config import Settings

#: Of its outbox, what a replay may fill before it waits for the peer.
_PAGE_SHARE = 4

#: What a gRPC request may have beside the data and the metadata of its notification.
_REST_OF_A_REQUEST_BYTES = 1024 * 1024

#: A payload stands within an event and a notification-job. The rest is room for one that is a little too deep, which
#: is then refused with a sentence: what is no packet ends the transport.
_DEPTH_AROUND = 8


def log_options(settings: Settings, *, worker: int | None = None, suffix: str = "") -> LogOptions:
    """Where the log goes; each record of a *worker* names it, and *suffix* tells its files from those of others."""
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
        worker=worker,
        suffix=suffix,
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
        max_targets=settings.clients.max_targets,
    )


def presence_rules(settings: Settings) -> PresenceRules:
    """Where presence is told, and how much of it."""
    presence = settings.presence
    rules = tuple(PresenceRule(rule.pattern, rule.presence, rule.join_leave) for rule in settings.channels)
    return PresenceRules(rules, presence.max_members, presence.max_notified, presence.max_waiting)


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


def ack_rules(settings: Settings) -> AckRules:
    """How acks are waited for."""
    delivery, subscriptions = settings.delivery, settings.subscriptions
    return AckRules(
        max_attempts=delivery.retry_attempts,
        retry_seconds=delivery.retry_delay_seconds,
        retry_max_seconds=delivery.retry_max_seconds,
        ack_seconds=subscriptions.ack_seconds,
        max_unacked=subscriptions.max_unacked,
        max_unacked_bytes=settings.websocket.outbox_bytes // _PAGE_SHARE,
    )


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


def connect_rules(settings: Settings) -> ConnectRules:
    """How many connections a credential may have."""
    return ConnectRules(settings.keys.max_connections_per_key, settings.clients.max_connections_per_user)


def client_rules(settings: Settings) -> ClientRules:
    """How clients are registered."""
    clients = settings.clients
    return ClientRules(clients.max_clients, _ms(clients.secret_overlap_seconds))


def token_rules(settings: Settings) -> TokenRules:
    """What a user's token has to be, and what it allows."""
    clients = settings.clients
    return TokenRules(
        leeway_seconds=clients.leeway_seconds,
        max_bytes=clients.max_token_bytes,
        users_subscribe=tuple(rule.pattern for rule in settings.channels if rule.users_subscribe),
        users_publish=tuple(rule.pattern for rule in settings.channels if rule.users_publish),
        users_may_publish=clients.users_may_publish,
    )


def device_rules(settings: Settings) -> DeviceRules:
    """How many devices a user may have."""
    return DeviceRules(settings.clients.max_devices_per_user)


def push_options(settings: Settings) -> FcmOptions | None:
    """The push provider; None where none is configured."""
    push = settings.push
    if not push.firebase_project_id:
        return None
    return FcmOptions(
        project_id=push.firebase_project_id,
        client_email=push.firebase_client_email,
        private_key=push.firebase_private_key.replace("\\n", "\n"),
        timeout_seconds=push.timeout_seconds,
        endpoint=push.endpoint,
        max_in_flight=push.batch_size,
    )


def push_rules(settings: Settings) -> PushRules:
    """How pushes are tried."""
    push = settings.push
    return PushRules(
        max_attempts=push.max_attempts,
        retry_seconds=push.retry_delay_seconds,
        retry_max_seconds=push.retry_max_seconds,
        max_retry_after_seconds=push.retry_max_seconds,
        batch_size=push.batch_size,
        # At worst one call after the other is made for the devices of a push, behind one for an access token; each may
        # take its time to reach the provider, and again for the answer.
        lease_seconds=settings.delivery.lease_seconds
        + 2 * push.timeout_seconds * (1 + settings.clients.max_devices_per_user),
    )


def event_rules(settings: Settings) -> EventRules:
    """Which events may wait to be told."""
    events = settings.events
    return EventRules(
        max_waiting=events.max_waiting,
        expiry_ms=_ms(events.expiry_seconds),
        with_data=events.with_data,
        ageing_ms=_ms(settings.delivery.ageing_seconds),
    )


def webhook_rules(settings: Settings) -> WebhookRules:
    """How webhooks are called."""
    events = settings.events
    return WebhookRules(
        max_attempts=events.max_attempts,
        retry_seconds=events.retry_delay_seconds,
        retry_max_seconds=events.retry_max_seconds,
        batch_size=events.batch_size,
        timeout_seconds=events.timeout_seconds,
    )


def public_rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the gRPC interface for applications."""
    grpc = settings.grpc
    return RpcOptions(
        grpc.workers,
        grpc.max_streams,
        grpc.call_timeout_seconds,
        max_request_bytes=_max_request_bytes(settings),
        max_connections=settings.server.max_connections,
        share_ports=settings.server.workers > 1,
        streams_setting="grpc.max_streams",
    )


def native_rules(settings: Settings) -> NativeRules:
    """The bounds of the plain JSON protocol."""
    websocket = settings.websocket
    return NativeRules(
        tuple(websocket.allowed_origins),
        websocket.max_protocol_errors,
        websocket.outbox_bytes // _PAGE_SHARE,
        TrustedProxies(settings.server.trusted_proxies),
    )


def namespace_rules(settings: Settings) -> NamespaceRules:
    """The bounds of users' connections in namespaces."""
    websocket, clients = settings.websocket, settings.clients
    return NamespaceRules(
        allowed_origins=tuple(websocket.allowed_origins),
        http_origins=tuple(settings.http.allowed_origins),
        users_may_publish=clients.users_may_publish,
        publishes_per_minute=clients.publishes_per_minute,
        max_protocol_errors=websocket.max_protocol_errors,
        page_bytes=websocket.outbox_bytes // _PAGE_SHARE,
        proxies=TrustedProxies(settings.server.trusted_proxies),
    )


def socketio_settings(settings: Settings) -> SocketIoSettings:
    """The bounds of Engine.IO and Socket.IO."""
    socketio = settings.socketio
    engine = EngineSettings(
        path=f"{socketio.path}/",
        rules=EngineRules(
            ping_interval_seconds=socketio.ping_interval_seconds,
            ping_timeout_seconds=socketio.ping_timeout_seconds,
            max_payload_bytes=socketio.max_payload_bytes,
            queue_bytes=settings.websocket.outbox_bytes,
        ),
        upgrade_timeout_seconds=socketio.upgrade_timeout_seconds,
        max_sessions=socketio.max_sessions,
        max_sessions_per_address=settings.server.max_connections_per_address,
    )
    packets = PacketLimits(
        max_attachments=socketio.max_attachments,
        max_attachment_bytes=socketio.max_payload_bytes,
        max_depth=settings.delivery.max_data_depth + _DEPTH_AROUND,
    )
    rules = SocketIoRules(
        connect_timeout_seconds=socketio.connect_timeout_seconds,
        max_namespaces=socketio.max_namespaces,
        packets=packets,
    )
    return SocketIoSettings(engine=engine, rules=rules)


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
    most = _max_request_bytes(settings)
    return RpcOptions(admin.workers, admin.max_streams, admin.call_timeout_seconds, max_request_bytes=most)


def remote_rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the admin interface on its port; the same again as those of the socket."""
    return replace(
        rpc_options(settings),
        max_connections=settings.admin.max_remote_connections,
        share_ports=settings.server.workers > 1,
    )


def _max_request_bytes(settings: Settings) -> int:
    # Data and metadata may each have delivery.max_data_bytes. That setting can change while the daemon runs and the
    # bound of requests cannot; http.max_body_bytes, which cannot either, is never below it.
    return 2 * settings.http.max_body_bytes + _REST_OF_A_REQUEST_BYTES


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
