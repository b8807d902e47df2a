"""What a Redis tells of itself, for who examines it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import RedisFacts
from notifyd.redislink.errors import Refused

if TYPE_CHECKING:
    from notifyd.redislink.line import Line

_WORKING: Final = "ok"


async def redis_facts(line: Line) -> RedisFacts:
    """Ask the server at the other end of *line*; of a cluster, one of its servers.

    What it does not tell, because its operator keeps that to himself, is unknown and no error.

    Raises:
        StoreUnavailable: it does not answer.
    """
    info = _info(await line.send("INFO").wait())
    asked_at = now_ms()
    time = await _permitted(line, "TIME")
    answered_at = now_ms()
    settings = await _permitted(line, "CONFIG", "GET", "appendfsync")
    command = await _permitted(line, "COMMAND", "INFO", "SPUBLISH")
    return RedisFacts(
        version=_version(info),
        mode=info.get("redis_mode") or info.get("server_mode", ""),
        role=info.get("role", ""),
        appendonly={"1": True, "0": False}.get(info.get("aof_enabled", "")),
        appendfsync=settings[1].decode() if settings else "",
        append_healthy=info.get("aof_last_write_status", _WORKING) == _WORKING,
        maxmemory_policy=info.get("maxmemory_policy", ""),
        evicted_keys=_number(info, "evicted_keys"),
        used_bytes=_number(info, "used_memory"),
        max_bytes=_number(info, "maxmemory"),
        machine_bytes=_number(info, "total_system_memory"),
        connections=_number(info, "connected_clients"),
        max_connections=_number(info, "maxclients"),
        sharded_topics=None if not command else command[0] is not None,
        ahead_seconds=None if time is None else _seconds(time) - (asked_at + answered_at) / 2000,
        off_by_seconds=(answered_at - asked_at) / 2000,
    )


async def _permitted(line: Line, *words: str) -> Any:
    """The answer, or None where this command is refused to us."""
    with suppress(Refused, StoreUnavailable):
        return await line.send(*words).wait()
    return None


def _info(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def _version(info: dict[str, str]) -> str:
    # a Valkey says redis_version too: the Redis that it answers like
    if version := info.get("valkey_version"):
        return f"Valkey {version}"
    return f"Redis {info.get('redis_version', 'of an unknown version')}"


def _number(info: dict[str, str], name: str) -> int:
    text = info.get(name, "")
    return int(text) if text.isdigit() else 0


def _seconds(time: list[bytes]) -> float:
    seconds, microseconds = time
    return int(seconds) + int(microseconds) / 1_000_000
