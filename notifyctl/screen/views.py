"""What the screen says, before anything is drawn. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from notifyctl.showing.rates import elapsed
from notifyctl.showing.text import safe
from notifyctl.values.moments import spoken
from notifyctl.values.sizes import binary, decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.screen.looks import Figures, Look
    from notifyctl.showing.output import Record

#: How bad something is: nothing to say, worth a look, to be acted on.
Mood = Literal["", "warn", "bad"]

_NEAR: Final = 0.75
_NEARLY: Final = 0.9


def mood_of(share: float | None) -> Mood:
    """How bad it is that *share* of a bound is used."""
    if share is None or share < _NEAR:
        return ""
    return "warn" if share < _NEARLY else "bad"


@dataclass(frozen=True)
class Meter:
    """One thing against its bound."""

    label: str
    said: str
    #: None where there is no bound.
    share: float | None

    @property
    def mood(self) -> Mood:
        """See `mood_of`."""
        return mood_of(self.share)


@dataclass(frozen=True)
class Head:
    """The service as a whole."""

    state: str
    mood: Mood
    uptime: str
    nodes: int
    missing: int
    #: By the daemon's clock, in this machine's zone.
    time: str
    meters: tuple[Meter, ...]
    #: Engines that are away, in words.
    away: str


def head(figures: Figures, look: Look) -> Head:
    """What stands on top."""
    stats = look.stats
    state = next((node["state"] for node in look.nodes if node["self"]), "ready")
    worst = next((node["state"] for node in look.nodes if node["state"] != "ready"), state)
    away = "; ".join(safe(f"{engine['name']}: {engine['detail'] or 'away'}") for engine in look.away)
    return Head(
        state=safe(worst if worst != "ready" else state),
        mood="" if worst == "ready" else "bad" if worst == "degraded" else "warn",
        uptime=spoken(stats["uptimeSeconds"]),
        nodes=stats["nodes"],
        missing=stats["missingNodes"],
        time=time_of(stats["at"]),
        meters=tuple(_meters(figures, stats)),
        away=away,
    )


def _meters(figures: Figures, stats: Record) -> Sequence[Meter]:
    processors, memory, files = stats["processors"], stats["memoryLimitBytes"], stats["openFilesLimit"]
    cpu = figures.cpu
    used = "-" if cpu is None else f"{cpu / (processors or 1):.0%}"
    cores = f" of {processors:g} {'core' if processors == 1 else 'cores'}" if processors else ""
    return (
        Meter("CPU", used + cores, None if cpu is None or not processors else cpu / processors),
        _bounded("memory", stats["residentBytes"], memory, binary),
        _bounded("files", stats["openFiles"], files, decimal),
    )


def _bounded(label: str, used: float, bound: float, say: object) -> Meter:
    assert callable(say)
    if not bound:
        return Meter(label, say(used), None)
    return Meter(label, f"{say(used)} of {say(bound)}", used / bound)


@dataclass(frozen=True)
class QueueView:
    """What waits."""

    waiting: int
    most: int
    #: Of the bound that is nearer, in notifications or bytes.
    share: float
    size: str
    paused: bool
    ready: int
    scheduled: int
    leased: int
    #: Seconds that the oldest has waited; None where nothing waits.
    oldest: float | None
    #: Priority and count, the most urgent first.
    priorities: tuple[tuple[int, int], ...]

    @property
    def mood(self) -> Mood:
        """How bad it is."""
        return "bad" if self.paused else mood_of(self.share)


def queue(look: Look) -> QueueView:
    """The queue against its bounds."""
    told = look.stats["queue"] or {}
    counts = {int(priority): count for priority, count in told.get("byPriority", {}).items() if count}
    shares = [told.get(used, 0) / most for used, most in _queue_bounds(told) if most]
    return QueueView(
        waiting=told.get("waiting", 0),
        most=told.get("maxSize", 0),
        share=max(shares, default=0.0),
        size=binary(told.get("waitingBytes", 0)),
        paused=bool(told.get("paused")),
        ready=told.get("ready", 0),
        scheduled=told.get("scheduled", 0),
        leased=told.get("leased", 0),
        oldest=elapsed(told.get("oldestAcceptedAt"), look.stats["at"]),
        priorities=tuple(sorted(counts.items(), reverse=True)),
    )


def _queue_bounds(told: Record) -> tuple[tuple[str, int], ...]:
    return ("waiting", told.get("maxSize", 0)), ("waitingBytes", told.get("maxBytes", 0))


@dataclass(frozen=True)
class ChannelRow:
    """One channel."""

    name: str
    subscribers: int
    per_second: float


Order = Literal["rate", "subscribers"]


def channels(look: Look, order: Order) -> list[ChannelRow]:
    """The channels that stand out, by *order*."""
    stats = look.stats
    told = {(each["clientId"], each["channel"]): each for each in (*stats["topChannels"], *stats["busiestChannels"])}
    rows = [
        ChannelRow(_channel_name(*key), each["subscriberCount"], each["publicationsPerSecond"])
        for key, each in told.items()
    ]
    if order == "rate":
        return sorted(rows, key=lambda row: (-row.per_second, -row.subscribers, row.name))
    return sorted(rows, key=lambda row: (-row.subscribers, -row.per_second, row.name))


def _channel_name(client_id: str, channel: str) -> str:
    return safe(channel if client_id == "default" else f"{client_id}/{channel}")


def time_of(instant: str) -> str:
    """The time of day of *instant* (ISO 8601) in this machine's zone; "" where it is not known."""
    return f"{datetime.fromisoformat(instant).astimezone():%H:%M:%S}" if instant else ""
