"""The figures of this node at one moment."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from notifyd.clock import monotonic, now_ms
from notifyd.store.ports import Broker, QueueStats
from notifyd.telemetry.process import cpu_seconds, open_files, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.hub import Hub
    from notifyd.telemetry.metrics import Counters

#: Channels named in a snapshot, those with the most subscribers.
TOP_CHANNELS = 10


class ChannelCount(msgspec.Struct, frozen=True, rename="camel"):
    """One channel and how many are subscribed to it."""

    client_id: str
    channel: str
    subscriber_count: int


class StatsSnapshot(msgspec.Struct, frozen=True, rename="camel"):
    """Counters rise from the daemon's start, gauges are of this moment."""

    #: Milliseconds since the Unix epoch.
    at: int
    uptime_seconds: float
    counters: dict[str, int]
    connections: int
    connections_by_transport: dict[str, int]
    #: With subscribers.
    channels: int
    subscriptions: int
    queue: QueueStats
    #: Whose publications or position are kept, subscribed or not.
    history_channels: int
    history_publications: int
    history_bytes: int
    #: Users with an inbox, and what is kept for them.
    inbox_users: int
    inbox_notifications: int
    inbox_bytes: int
    dead_letters: int
    dead_letter_bytes: int
    durable_subscriptions: int
    #: Deliveries with acks that were sent and are open.
    unacked: int
    #: Receipts and events of timelines that memory holds.
    receipts: int
    timeline_events: int
    #: Log records in memory.
    log_entries: int
    outbox_bytes: int
    resident_bytes: int
    cpu_seconds: float
    open_files: int
    top_channels: list[ChannelCount]
    #: How many nodes these are the figures of, and how many more did not answer in time.
    nodes: int = 1
    missing_nodes: int = 0


class Stats:
    """Reads what everybody else counts."""

    def __init__(
        self,
        hub: Hub,
        broker: Broker,
        counters: Counters,
        *,
        unacked: Callable[[], int],
        log_entries: Callable[[], int],
    ) -> None:
        self._unacked = unacked
        self._log_entries = log_entries
        self._hub = hub
        self._broker = broker
        self._counters = counters
        self._started = monotonic()

    @property
    def uptime_seconds(self) -> float:
        """Since the daemon's start."""
        return monotonic() - self._started

    async def fresh(self) -> StatsSnapshot:
        """As `snapshot`, with the figures of the broker as they are now."""
        await self._broker.refresh()
        return self.snapshot()

    def snapshot(self) -> StatsSnapshot:
        """Everything at this moment; the broker's figures may be a second old. Costs a pass over the connections."""
        connections = self._hub.connections()
        transports = Counter(connection.link.transport for connection in connections)
        channels, publications, size = self._broker.history.usage()
        users, kept, kept_bytes = self._broker.inbox.usage()
        letters, letter_bytes = self._broker.dead_letters.usage()
        receipts, events = self._broker.receipts.usage()
        top = heapq.nlargest(TOP_CHANNELS, self._hub.occupied(), key=lambda entry: entry[1])
        return StatsSnapshot(
            at=now_ms(),
            uptime_seconds=self.uptime_seconds,
            counters=self._counters.snapshot(),
            connections=self._hub.connection_count,
            connections_by_transport=dict(transports),
            channels=self._hub.channel_count,
            subscriptions=self._hub.subscription_count,
            queue=self._broker.queue.stats(now=now_ms()),
            history_channels=channels,
            history_publications=publications,
            history_bytes=size,
            inbox_users=users,
            inbox_notifications=kept,
            inbox_bytes=kept_bytes,
            dead_letters=letters,
            dead_letter_bytes=letter_bytes,
            durable_subscriptions=self._broker.durables.usage(),
            unacked=self._unacked(),
            receipts=receipts,
            timeline_events=events,
            log_entries=self._log_entries(),
            outbox_bytes=sum(connection.link.pending_bytes() for connection in connections),
            resident_bytes=resident_bytes(),
            cpu_seconds=cpu_seconds(),
            open_files=open_files(),
            top_channels=[ChannelCount(client, channel, count) for (client, channel), count in top],
        )
