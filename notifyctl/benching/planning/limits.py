"""What the daemon's limits let a run do. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notifyctl.exits import usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyctl.benching.planning.plan import Via, Volume

#: Temporary keys of one run.
_MOST_KEYS: Final = 1000


@dataclass(frozen=True)
class Limits:
    """Those of a daemon's settings that a run can meet."""

    #: Of each key; None where they are not limited, or not known.
    requests_per_minute: float | None = None
    burst: float = 0.0
    connections: int | None = None
    connections_per_key: int | None = None
    largest_batch: int | None = None

    @staticmethod
    def of(settings: Mapping[str, object]) -> Limits:
        """Those in a daemon's *settings*, such as `limits.enabled`."""

        def number(name: str) -> int | None:
            value = settings.get(name)
            return value if isinstance(value, int) else None

        per_minute = number("limits.requests_per_minute") if settings.get("limits.enabled") is True else None
        return Limits(
            requests_per_minute=per_minute,
            burst=number("limits.burst") or per_minute or 0,
            connections=number("server.max_connections"),
            connections_per_key=number("keys.max_connections_per_key"),
            largest_batch=number("delivery.max_batch"),
        )

    def requests_within(self, seconds: float) -> float:
        """How many requests one key may make in *seconds*."""
        if self.requests_per_minute is None:
            return math.inf
        return self.burst + self.requests_per_minute * seconds / 60


def keys_for(connections: int, limits: Limits) -> int:
    """How many keys *connections* need.

    Raises:
        Refusal: more than are made for a run, or more connections than the daemon takes (USAGE).
    """
    if limits.connections is not None and connections > limits.connections:
        raise usage(
            f"The daemon takes {limits.connections} connections (server.max_connections), and this run wants "
            f"{connections}: ask for fewer, or raise it with `notifyctl config set server.max_connections N` and "
            "`notifyctl config reload`."
        )
    keys = 1 if limits.connections_per_key is None else math.ceil(connections / limits.connections_per_key)
    if keys > _MOST_KEYS:
        raise usage(
            f"A key may have {limits.connections_per_key} connections (keys.max_connections_per_key), and "
            f"{connections} would take {keys} keys: ask for fewer connections."
        )
    return max(1, keys)


def way(wanted: Via, volume: Volume, limits: Limits, *, http: bool, admin: bool) -> Via:
    """How to publish: as *wanted*, or by the best way that is there and that the rate limit does not spoil.

    Raises:
        Refusal: it cannot be done so (USAGE); it says what can.
    """
    if volume.batch > (limits.largest_batch or volume.batch):
        raise usage(f"The daemon takes {limits.largest_batch} notifications in a batch (delivery.max_batch) at most.")
    if wanted == "admin" and not admin:
        raise usage("--via admin needs the daemon's admin socket.")
    if wanted == "http" and not http:
        raise usage("--via http needs the port of REST: give --url as http://HOST:PORT.")
    if wanted == "admin":
        return wanted
    limited = not _fits(volume, limits)
    if wanted != "auto":
        if limited:
            raise usage(_too_many(volume, limits, admin=admin))
        return wanted
    if limited:
        if not admin:
            raise usage(_too_many(volume, limits, admin=admin))
        return "admin"
    return "http" if http else "websocket"


def _fits(volume: Volume, limits: Limits) -> bool:
    if limits.requests_per_minute is None:
        return True
    seconds = (volume.duration_seconds or 0.0) + volume.warmup_seconds
    if volume.duration_seconds is None and volume.rate is not None and volume.count is not None:
        seconds += volume.count / volume.rate
    return volume.requests <= limits.requests_within(seconds)


def _too_many(volume: Volume, limits: Limits, *, admin: bool) -> str:
    wants = "as many as it can" if math.isinf(volume.requests) else f"{math.ceil(volume.requests)}"
    advice = (
        " Lift it with `notifyctl config set limits.enabled false` and `notifyctl config reload`, and put it back with "
        "`notifyctl config set limits.enabled --unset` and another reload"
    )
    other = "; or publish with --via admin, which is not limited." if admin else ", on the daemon's machine."
    return (
        f"The daemon lets a key make {limits.requests_per_minute:g} requests a minute (limits.requests_per_minute), "
        f"and this run would make {wants}: it would measure the limit.{advice}{other}"
    )
