"""Bounds of a gRPC server, whichever interface it carries."""

from __future__ import annotations

import msgspec


class RpcOptions(msgspec.Struct, frozen=True):
    """Bounds of one server; the first three are the settings of its section."""

    #: Calls served at once, streams included.
    workers: int = 24
    max_streams: int = 16
    call_timeout_seconds: float = 30.0
    #: Largest request, decompressed.
    max_request_bytes: int = 4 * 1024 * 1024
    #: A peer that is silent for so long is asked whether it lives, and has as long to answer.
    keepalive_seconds: float = 20.0
    #: A call that was opened must bring its request within this.
    request_seconds: float = 10.0
    #: 0 for any number.
    max_connections: int = 0
    #: Other processes of this user may listen on the same ports, and the kernel spreads what comes over them.
    share_ports: bool = False
    #: Named to who opens one stream too many.
    streams_setting: str = "admin.max_streams"
