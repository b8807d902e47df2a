"""What a server tells of itself. Pure."""

from __future__ import annotations

from typing import Any

import msgspec


class ServerInfo(msgspec.Struct, frozen=True):
    """What the operator should know of the server; of one of them, where there are several."""

    version: str
    #: standalone, sentinel or cluster: how it is reached.
    mode: str
    #: master or slave, in the server's words.
    role: str
    #: Whether writes are logged; None where the server does not tell.
    appendonly: bool | None
    #: What happens when memory runs out, such as noeviction; "" where the server does not tell.
    maxmemory_policy: str
    used_memory_bytes: int
    #: Whether it is itself part of a cluster, however it is reached.
    clustered: bool = False


def server_info(mode: str, answer: bytes) -> ServerInfo:
    """What the answer to INFO says."""
    lines = [line.partition(":") for line in answer.decode(errors="replace").splitlines()]
    info: dict[str, Any] = {name: value for name, colon, value in lines if colon}
    return ServerInfo(
        version=info.get("valkey_version") or info.get("redis_version", ""),
        mode=mode,
        role=info.get("role", ""),
        appendonly={"1": True, "0": False}.get(info.get("aof_enabled", "")),
        maxmemory_policy=info.get("maxmemory_policy", ""),
        used_memory_bytes=int(info.get("used_memory") or 0),
        clustered=info.get("cluster_enabled") == "1",
    )
