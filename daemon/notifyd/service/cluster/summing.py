"""The figures of several nodes as those of one service. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.service.stats import TOP_CHANNELS, ChannelCount, StatsSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Of what each node has by itself. What is not named is the broker's, which all share, or this node's own moment.
_SUMMED = (
    "connections",
    "subscriptions",
    "unacked",
    "timeline_events",
    "log_entries",
    "outbox_bytes",
    "resident_bytes",
    "cpu_seconds",
    "open_files",
)
#: Bounds of each node: where one has none, neither have all together.
_BOUNDS = ("memory_limit_bytes", "open_files_limit", "processors")


def summed(own: StatsSnapshot, others: Sequence[StatsSnapshot]) -> StatsSnapshot:
    """*own* with the figures of the *others* added."""
    if not others:
        return own
    every = [own, *others]
    totals = {name: sum([getattr(each, name) for each in every]) for name in _SUMMED}
    counters: Counter[str] = Counter()
    transports: Counter[str] = Counter()
    for each in every:
        counters.update(each.counters)
        transports.update(each.connections_by_transport)
    return replace(
        own,
        **totals,
        **{name: _bound([getattr(each, name) for each in every]) for name in _BOUNDS},
        nodes=len(every),
        counters={name: counters[name] for name in own.counters},
        connections_by_transport=dict(transports),
        # the same channel may have subscribers on several nodes, which only the busiest are told of
        channels=max(each.channels for each in every),
        top_channels=_top(every, lambda count: count.subscriber_count),
        busiest_channels=[
            count for count in _top(every, lambda count: count.publications_per_second) if count.publications_per_second
        ],
    )


def _bound(bounds: Sequence[float]) -> float:
    return sum(bounds) if all(bounds) else 0


def _top(every: Sequence[StatsSnapshot], rank: Callable[[ChannelCount], float]) -> list[ChannelCount]:
    """The first channels of all nodes: what a node tells of one in either list is all that it has of it."""
    totals: dict[tuple[str, str], ChannelCount] = {}
    for each in every:
        told = {(count.client_id, count.channel): count for count in (*each.top_channels, *each.busiest_channels)}
        for key, count in told.items():
            totals[key] = _added(totals.get(key), count)
    return heapq.nlargest(TOP_CHANNELS, totals.values(), key=rank)


def _added(total: ChannelCount | None, count: ChannelCount) -> ChannelCount:
    if total is None:
        return count
    return replace(
        total,
        subscriber_count=total.subscriber_count + count.subscriber_count,
        publications_per_second=round(total.publications_per_second + count.publications_per_second, 1),
    )
