"""The figures of this node at one moment."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from notifyd.clock import monotonic, now_ms
from notifyd.model.ids import ClientId
from notifyd.store.ports import Broker, QueueStats
from notifyd.telemetry.activity import ChannelRates
from notifyd.telemetry.machine import memory_limit_bytes, open_files_limit, processors
from notifyd.telemetry.process import cpu_seconds, open_files, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.hub import Hub
    from notifyd.telemetry.metrics import Counters

#: Channels named in a snapshot: so many with the most subscribers, and so many in which most happens.
TOP_CHANNELS = 10


class ChannelCount(msgspec.Struct, frozen=True, rename="camel"):
    """One channel, how many are subscribed to it, and how busy it is."""

    client_id: str
    channel: str
    subscriber_count: int
    publications_per_second: float = 0.0


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
    busiest_channels: list[ChannelCount] = []
    #: What the machine allows this process; 0 where it does not tell, or sets no limit.
    memory_limit_bytes: int = 0
    open_files_limit: int = 0
    processors: float = 0.0


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
        rates: ChannelRates | None = None,
    ) -> None:
        self._unacked = unacked
        self._log_entries = log_entries
        self._hub = hub
        self._broker = broker
        self._counters = counters
        self._rates = rates or ChannelRates()
        self._bounds = (memory_limit_bytes(), open_files_limit(), processors())
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
        now = monotonic()
        memory_limit, files_limit, processor_count = self._bounds
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
            top_channels=[self._count(key, now) for key, _ in top],
            busiest_channels=[self._count(key, now) for key in self._rates.busiest(TOP_CHANNELS, now=now)],
            memory_limit_bytes=memory_limit,
            open_files_limit=files_limit,
            processors=processor_count,
        )

    def _count(self, key: tuple[str, str], now: float) -> ChannelCount:
        client, channel = key
        subscribers = self._hub.subscriber_count(ClientId(client), channel)
        return ChannelCount(client, channel, subscribers, round(self._rates.per_second(key, now=now), 1))
