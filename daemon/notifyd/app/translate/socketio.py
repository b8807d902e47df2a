"""What Engine.IO and Socket.IO want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.edge.socketio.settings import EngineSettings, SocketIoSettings
from notifyd.wire.socketio.engineio import EngineRules
from notifyd.wire.socketio.packets import PacketLimits
from notifyd.wire.socketio.session import SocketIoRules

if TYPE_CHECKING:
    from notifyd.config import Settings

#: A payload stands within an event and a notification-job. The rest is room for one that is a little too deep, which
#: is then refused with a sentence: what is no packet ends the transport.
_DEPTH_AROUND = 8


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
