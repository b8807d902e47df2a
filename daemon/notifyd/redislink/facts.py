"""What a Redis tells of itself, for who examines it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import RedisFacts
from notifyd.redislink.errors import Refused, unavailable
from notifyd.redislink.scripts import load_script
from notifyd.redislink.servers.slots import slot_of

if TYPE_CHECKING:
    from notifyd.redislink.commands.line import Line

_WORKING: Final = "ok"
_TELL: Final = load_script("notifyd.redislink", "tell")
#: More keys than slots that a server of the largest cluster has: one of them is its own.
_MOST_KEYS: Final = 1_000_000


async def redis_facts(line: Line) -> list[RedisFacts]:
    """Ask the server at the other end of *line*.

    What it does not tell, because its operator keeps that to himself, is unknown and no error.

    Raises:
        StoreUnavailable: it does not answer.
    """
    info = b""
    with suppress(Refused):  # some rename the command
        info = await line.send("INFO").wait()
    asked_at = now_ms()
    time = await _permitted(line, "TIME")
    answered_at = now_ms()
    settings = await _permitted(line, "CONFIG", "GET", "appendfsync")
    command = await _permitted(line, "COMMAND", "INFO", "SPUBLISH")
    told = _facts(info, command, appendfsync=settings[1].decode() if settings else "")
    return [told if time is None else _timed(told, time, asked_at, answered_at)]


async def cluster_facts(line: Line, prefix: str) -> list[RedisFacts]:
    """Ask each server of a cluster that takes writes, by names of keys that begin with *prefix*.

    Raises:
        StoreUnavailable: one does not answer, or may not be asked.
    """
    try:
        masters = _masters(await line.send("CLUSTER", "SLOTS").wait())
        return [await _told(line, place, _key_of(slots, prefix)) for place, slots in masters.items()]
    except Refused as exc:
        raise unavailable(f"it cannot be asked about itself: {exc}") from exc


async def _told(line: Line, place: str, key: str) -> RedisFacts:
    asked_at = now_ms()
    info, time, command = await line.script(_TELL, [key]).wait()
    return _timed(_facts(info, command, place=place), time, asked_at, now_ms())


async def _permitted(line: Line, *words: str) -> Any:
    """The answer, or None where this command is refused to us."""
    with suppress(Refused, StoreUnavailable):
        return await line.send(*words).wait()
    return None


def _masters(slots: list[Any]) -> dict[str, tuple[int, int]]:
    """Each server that owns slots, with some of them."""
    return {f"{host.decode()}:{port}": (first, last) for first, last, (host, port, *_), *_ in slots}


def _key_of(slots: tuple[int, int], prefix: str) -> str:
    first, last = slots
    return next(key for number in range(_MOST_KEYS) if first <= slot_of(key := f"{prefix}:{{{number}}}") <= last)


def _facts(text: bytes, command: Any, *, place: str = "", appendfsync: str = "") -> RedisFacts:
    lines = (line.partition(":") for line in text.decode(errors="replace").splitlines())
    info = {name: value for name, colon, value in lines if colon}
    return RedisFacts(
        place=place,
        version=_version(info),
        mode=info.get("redis_mode") or info.get("server_mode", ""),
        role=info.get("role", ""),
        appendonly={"1": True, "0": False}.get(info.get("aof_enabled", "")),
        appendfsync=appendfsync,
        append_healthy=info.get("aof_last_write_status", _WORKING) == _WORKING,
        maxmemory_policy=info.get("maxmemory_policy", ""),
        evicted_keys=_number(info, "evicted_keys"),
        used_bytes=_number(info, "used_memory"),
        max_bytes=_number(info, "maxmemory"),
        machine_bytes=_number(info, "total_system_memory"),
        connections=_number(info, "connected_clients"),
        max_connections=_number(info, "maxclients"),
        sharded_topics=None if not command else command[0] is not None,
    )


def _timed(facts: RedisFacts, time: list[bytes], asked_at: int, answered_at: int) -> RedisFacts:
    seconds = int(time[0]) + int(time[1]) / 1_000_000
    return replace(
        facts,
        ahead_seconds=seconds - (asked_at + answered_at) / 2000,
        off_by_seconds=(answered_at - asked_at) / 2000,
    )


def _version(info: dict[str, str]) -> str:
    # a Valkey says redis_version too: the Redis that it answers like
    if version := info.get("valkey_version"):
        return f"Valkey {version}"
    return f"Redis {info.get('redis_version', 'of an unknown version')}"


def _number(info: dict[str, str], name: str) -> int:
    text = info.get(name, "")
    return int(text) if text.isdigit() else 0
