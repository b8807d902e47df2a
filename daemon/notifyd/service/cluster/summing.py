"""The figures of several nodes as those of one service. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.service.stats import TOP_CHANNELS, ChannelCount, StatsSnapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def summed(own: StatsSnapshot, others: Sequence[StatsSnapshot]) -> StatsSnapshot:
    """*own* with the figures of the *others* added."""
    if not others:
        return own
    every = [own, *others]
    totals = {name: sum([getattr(each, name) for each in every]) for name in _SUMMED}
    counters: Counter[str] = Counter()
    transports: Counter[str] = Counter()
    channels: Counter[tuple[str, str]] = Counter()
    for each in every:
        counters.update(each.counters)
        transports.update(each.connections_by_transport)
        channels.update({(count.client_id, count.channel): count.subscriber_count for count in each.top_channels})
    return replace(
        own,
        **totals,
        nodes=len(every),
        counters={name: counters[name] for name in own.counters},
        connections_by_transport=dict(transports),
        # the same channel may have subscribers on several nodes, which only the busiest are told of
        channels=max(each.channels for each in every),
        top_channels=[ChannelCount(*key, count) for key, count in channels.most_common(TOP_CHANNELS)],
    )
