"""Limits and deadlines of the edge, as values handed to it."""

from __future__ import annotations

from msgspec import Struct


class HttpSettings(Struct, frozen=True, kw_only=True):
    """What a peer may do with HTTP on one connection."""

    max_head_bytes: int = 16_384
    max_headers: int = 100
    max_target_bytes: int = 8_192
    max_body_bytes: int = 1_048_576
    #: a body up to this size is gathered before the application is asked; a larger one is streamed to it
    buffered_body_bytes: int = 1_048_576
    head_timeout_seconds: float = 10.0
    #: longest silence inside a body
    body_timeout_seconds: float = 30.0
    #: slowest body: on top of the silence, each byte buys 1/rate seconds
    min_body_bytes_per_second: int = 512
    idle_timeout_seconds: float = 75.0
    #: how long the peer may refuse to take any byte of an answer
    write_timeout_seconds: float = 30.0
    #: how long, and for how many bytes, a connection is read after its last answer, so that the peer sees it
    linger_seconds: float = 2.0
    linger_bytes: int = 1_048_576
    max_pipelined: int = 64
    #: unsent bytes of an answer over which the application has to wait
    high_water_bytes: int = 262_144
    server_header: str | None = None


class WebSocketSettings(Struct, frozen=True, kw_only=True):
    """What a peer may do with one WebSocket connection."""

    max_message_bytes: int = 65_536
    #: bytes that may wait for a slow peer
    outbox_bytes: int = 1_048_576
    #: how long a peer may refuse to take any byte
    write_timeout_seconds: float = 30.0
    #: how long the answer to our close is waited for
    close_timeout_seconds: float = 5.0
    slow_consumer_code: int = 4008
    slow_consumer_reason: str = "slow consumer: reconnect and resume"


class ConnectionSettings(Struct, frozen=True, kw_only=True):
    """How many connections there may be."""

    max_connections: int = 18_000
    #: loopback is not counted
    max_connections_per_address: int = 1_000
    #: pause after the kernel could not give a connection (EMFILE and its like)
    accept_backoff_seconds: float = 0.1


class EdgeSettings(Struct, frozen=True, kw_only=True):
    """Everything the edge needs to know."""

    http: HttpSettings = HttpSettings()
    websocket: WebSocketSettings = WebSocketSettings()
    connections: ConnectionSettings = ConnectionSettings()
