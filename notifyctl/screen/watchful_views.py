"""What the screen says of what goes wrong: slow consumers, the log, nodes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notifyctl.screen.views import Mood, mood_of, time_of
from notifyctl.showing.rates import elapsed
from notifyctl.showing.text import safe
from notifyctl.values.sizes import binary

if TYPE_CHECKING:
    from notifyctl.screen.looks import Figures, Look
    from notifyctl.showing.output import Record

#: A node that has not told anything for so long is away, or cannot reach the broker.
_STALE_SECONDS: Final = 15.0
_LAGGING_SECONDS: Final = 0.5
#: For so long one that was cut off is told of, and for so long it is news.
_LATELY_SECONDS: Final = 900.0
_FRESH_SECONDS: Final = 60.0


@dataclass(frozen=True)
class SlowRow:
    """A connection that lags behind, or was cut off for it."""

    id: str
    who: str
    transport: str
    address: str
    node: str
    outbox: str
    #: Of what may wait for it; None for one that is gone.
    share: float | None
    #: Behind since, or cut off before.
    seconds: float | None

    @property
    def mood(self) -> Mood:
        """How bad it is."""
        if self.share is None:
            return "bad" if (self.seconds or 0.0) < _FRESH_SECONDS else ""
        return mood_of(self.share)


def slow(look: Look) -> list[SlowRow]:
    """Who does not keep up: those that are still there, the fullest first, then those that were cut off lately."""
    now = look.stats["at"]
    here = [_slow_row(each, now) for each in look.slow]
    return here + [
        SlowRow(
            safe(each["id"]), _who(each), safe(each["transport"]), safe(each["address"]), "",
            binary(each["outboxBytes"]), None, elapsed(each["at"], now),
        )
        for each in look.cut if (elapsed(each["at"], now) or 0.0) < _LATELY_SECONDS
    ]  # fmt: skip


def _slow_row(each: Record, now: str) -> SlowRow:
    limit = each["outboxLimitBytes"]
    return SlowRow(
        id=safe(each["id"]),
        who=_who(each),
        transport=safe(each["transport"]),
        address=safe(each["address"]),
        node=safe(each["node"]),
        outbox=binary(each["outboxBytes"]),
        share=each["outboxBytes"] / limit if limit else 0.0,
        seconds=elapsed(each["behindSince"], now),
    )


def _who(each: Record) -> str:
    name = each["userId"] or each["keyId"] or "operator"
    client = each["clientId"]
    return safe(name if client in ("", "default") else f"{client}/{name}")


@dataclass(frozen=True)
class TroubleRow:
    """A record of the log that is a warning or worse."""

    time: str
    level: str
    event: str
    fields: str

    @property
    def mood(self) -> Mood:
        """How bad it is."""
        return "warn" if self.level == "warning" else "bad"


def troubles(look: Look) -> list[TroubleRow]:
    """The latest first."""
    return [
        TroubleRow(time_of(each["timestamp"]), safe(each["level"]), safe(each["event"]), _fields(each["fields"]))
        for each in reversed(look.troubles)
    ]


def _fields(fields: object) -> str:
    if not isinstance(fields, dict):
        return ""
    # a traceback has its place in the log
    said = (f"{name}={value}" for name, value in fields.items() if name not in ("exception", "traceback", "node"))
    return safe(" ".join(said))


@dataclass(frozen=True)
class NodeRow:
    """One daemon of the service."""

    name: str
    state: str
    mood: Mood
    connections: int
    #: None where it has not told of itself twice.
    accepted: float | None
    deliveries: float | None
    cpu: float | None
    memory: str
    lag_seconds: float
    #: How old this is, where that is worth a word.
    stale_seconds: float | None


def nodes(figures: Figures, look: Look) -> list[NodeRow]:
    """The nodes by name."""
    here = next((node["at"] for node in look.nodes if node["self"]), look.stats["at"])
    return [_node_row(node, here) for node in sorted(figures.nodes(), key=lambda node: (node["name"], node["id"]))]


def _node_row(node: Record, here: str) -> NodeRow:
    age = elapsed(node["at"], here) or 0.0
    mood: Mood = "bad" if node["state"] == "degraded" or age > _STALE_SECONDS else ""
    if not mood and (node["state"] != "ready" or node["lagSeconds"] > _LAGGING_SECONDS):
        mood = "warn"
    return NodeRow(
        name=safe(node["name"]),
        state=safe(node["state"]),
        mood=mood,
        connections=node["connections"],
        accepted=node["acceptedPerSecond"],
        deliveries=node["deliveriesPerSecond"],
        cpu=node["cpuShare"],
        memory=binary(node["residentBytes"]),
        lag_seconds=node["lagSeconds"],
        stale_seconds=age if age > _STALE_SECONDS else None,
    )
