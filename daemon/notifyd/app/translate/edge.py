"""What the edge, and the protocols of its WebSocket connections, want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.measures import page_bytes
from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.namespaces.services import NamespaceRules
from notifyd.ingress.edge.native.services import NativeRules
from notifyd.ingress.edge.settings import ConnectionSettings, EdgeSettings, HttpSettings, WebSocketSettings

if TYPE_CHECKING:
    from notifyd.config import Settings


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


def native_rules(settings: Settings) -> NativeRules:
    """The bounds of the plain JSON protocol."""
    websocket = settings.websocket
    return NativeRules(
        tuple(websocket.allowed_origins),
        websocket.max_protocol_errors,
        page_bytes(settings),
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
        page_bytes=page_bytes(settings),
        proxies=TrustedProxies(settings.server.trusted_proxies),
    )
