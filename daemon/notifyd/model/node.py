"""One daemon of several that are one service."""

from __future__ import annotations

import msgspec


class NodeInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What a node tells the others of itself with each heartbeat. Fields of later versions are passed over."""

    #: Unique to one run of a daemon.
    id: str
    #: What an operator calls it.
    name: str
    version: str
    pid: int
    #: Milliseconds since the Unix epoch.
    started_at: int
    #: When it told this, by its own clock, in milliseconds since the Unix epoch; 0 where it does not say.
    at: int = 0
    #: starting, ready, degraded (an engine is away) or draining.
    state: str = "ready"
    connections: int = 0
    subscriptions: int = 0
    #: Since its start: taken in, handed to connections.
    accepted: int = 0
    deliveries: int = 0
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    #: How long the latest heartbeat took to be told and answered, in seconds; how far behind it may be, that is.
    lag_seconds: float = 0.0
    #: The URLs that it listens at.
    listeners: tuple[str, ...] = ()
