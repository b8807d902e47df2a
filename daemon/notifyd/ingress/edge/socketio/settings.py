"""Limits and deadlines of the drivers, as values handed to them."""

from __future__ import annotations

from msgspec import Struct

from notifyd.wire.socketio.engineio import EngineRules
from notifyd.wire.socketio.session import SocketIoRules


class EngineSettings(Struct, frozen=True, kw_only=True):
    """What an Engine.IO server allows."""

    #: Served with and without its last slash.
    path: str = "/engine.io/"
    #: Its `max_payload_bytes` should not be above the edge's `buffered_body_bytes`.
    rules: EngineRules = EngineRules()
    #: How long a WebSocket may take to relieve polling.
    upgrade_timeout_seconds: float = 10.0
    #: Sessions that began with polling, whatever they are on now.
    max_sessions: int = 10_000
    #: Those of one address; loopback is not counted.
    max_sessions_per_address: int = 1_000


class SocketIoSettings(Struct, frozen=True, kw_only=True):
    """What a Socket.IO server allows."""

    engine: EngineSettings = EngineSettings(path="/socket.io/")
    rules: SocketIoRules = SocketIoRules()
