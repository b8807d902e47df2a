"""What one look at the service finds, and what several looks tell together. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from notifyctl.showing.rates import elapsed, rated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.showing.output import Record

#: What is kept of each rate: enough for the widest screen.
MOST_MOMENTS: Final = 300
#: Over so long, or a heartbeat more, the rates of nodes are taken.
_NODE_SECONDS: Final = 3.0


@dataclass(frozen=True)
class Look:
    """Everything at one moment, as `-o json` names it."""

    stats: Record
    nodes: Sequence[Record] = ()
    #: Connections with something in their outbox, the fullest first; and those that were cut off, the latest first.
    slow: Sequence[Record] = ()
    cut: Sequence[Record] = ()
    #: Warnings and errors of the log, the oldest first.
    troubles: Sequence[Record] = ()
    #: Engines that are away.
    away: Sequence[Record] = ()


@dataclass
class Figures:
    """The last look, and the rates since the ones before."""

    last: Look | None = None
    rates: dict[str, deque[float]] = field(default_factory=dict)
    #: Processors that were kept busy; None before two looks.
    cpu: float | None = None
    #: Seconds from one look to the next, as it was lately.
    seconds: float = 1.0
    #: What each node has told lately, the oldest first.
    _told: dict[str, list[Record]] = field(default_factory=dict)

    def take(self, look: Look) -> None:
        """Count *look* in; a daemon that was started anew meanwhile begins from nothing.

        The sums over fewer or more nodes than before are no measure of what happened in between.
        """
        before, after = self.last.stats if self.last else None, look.stats
        seconds = after["uptimeSeconds"] - before["uptimeSeconds"] if before else 0.0
        if before and seconds > 0 and after["nodes"] == before["nodes"]:
            self._count(before, after, seconds)
        elif before:
            self.cpu = None
        self.last = look
        self._note(look.nodes)

    def _count(self, before: Record, after: Record, seconds: float) -> None:
        for name, value in after.items():
            if _counted(value) and _counted(before.get(name)):
                kept = self.rates.setdefault(name, deque(maxlen=MOST_MOMENTS))
                kept.append(max(0.0, value - before[name]) / seconds)
        self.cpu = max(0.0, after["cpuSeconds"] - before["cpuSeconds"]) / seconds
        self.seconds = seconds

    def _note(self, nodes: Sequence[Record]) -> None:
        # a node tells of itself with each heartbeat, the one that answers just now
        self._told = {node["id"]: _lately([*self._told.get(node["id"], ()), node]) for node in nodes}

    def nodes(self) -> list[Record]:
        """The nodes with their rates, over the last seconds in which each has told of itself."""
        return rated([told[0] for told in self._told.values()], [told[-1] for told in self._told.values()])


def _lately(told: list[Record]) -> list[Record]:
    """Without what is told twice, and what is older than it has to be."""
    *before, last = told
    distinct = [each for each in before if each["at"] != last["at"]]
    while len(distinct) > 1 and (elapsed(distinct[1]["at"], last["at"]) or 0.0) >= _NODE_SECONDS:
        distinct.pop(0)
    return [*distinct, last]


def _counted(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
