"""The Redis broker: what nodes share, put together for one of them."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.link import open_link
from notifyd.redislink.options import RedisOptions
from notifyd.store.redis.durables.durables import RedisDurables
from notifyd.store.redis.history.history import RedisHistory
from notifyd.store.redis.inbox.inbox import RedisInbox
from notifyd.store.redis.layout import mark_layout
from notifyd.store.redis.letters.dead_letters import RedisDeadLetters
from notifyd.store.redis.mirrors.interest import Interest
from notifyd.store.redis.mirrors.mirror import Mirrors
from notifyd.store.redis.mirrors.news import RedisNews
from notifyd.store.redis.queue.queue import RedisQueue
from notifyd.store.redis.receipts.receipts import RedisReceipts
from notifyd.store.redis.shard_count import agree_on, keep_agreed
from notifyd.store.redis.shards import Shards

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from notifyd.redislink.link import Link
    from notifyd.store.options import BrokerLimits, BrokerOptions
    from notifyd.store.ports import Outcome
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.store")

_GOODBYE_SECONDS: Final = 2.0
#: Before upkeep that met what it cannot read begins again.
_AGAIN_SECONDS: Final = 1.0
#: A Redis that came back empty knows after so long what all nodes have to agree on.
_AGREED_SECONDS: Final = 1.0


class RedisBroker:
    """See `Broker`; opened by store.open."""

    def __init__(
        self, link: Link, options: BrokerOptions, redis: RedisOptions, counters: Counters, clock: Callable[[], int]
    ) -> None:
        self.link = link
        self._counters = counters
        #: Who this node is, for others; another one after each start.
        self.node = _identity(options.node)
        self.durability = "redis"
        limits = options.limits
        self._shards = Shards(link, options.shards, self.node)
        self._interest = Interest(link.line("interest"), self.node)
        self.news = RedisNews(link.keys, self._interest)
        self._mirrors = Mirrors(
            link,
            self._interest,
            self.news,
            patience_seconds=redis.connect_timeout_seconds + redis.timeout_seconds,
        )
        self.receipts = RedisReceipts(self._shards, limits.receipts, clock=clock)
        self.queue = RedisQueue(
            self._shards, self.receipts, limits, counters, clock=clock, timeout_seconds=options.node_timeout_seconds
        )
        self.inbox = RedisInbox(self._mirrors, options.shards, self.receipts, limits.inbox, counters, clock=clock)
        self.history = RedisHistory(link, self._mirrors, limits.history, self.inbox, clock=clock)
        self.durables = RedisDurables(link, self._mirrors, limits.durables, clock=clock)
        self.dead_letters = RedisDeadLetters(
            link, options.shards, self.queue.again, limits.dead_letters, counters, clock=clock
        )
        self._wire()

    def _wire(self) -> None:
        self.history.placed = self.queue.placed
        self.queue.on_settled = self._settled
        self.receipts.inboxes_told = self.inbox.tell
        self.inbox.share = self.queue.ownership.owned

    @property
    def live_nodes(self) -> Callable[[], Collection[str]]:
        """Answers the identities (`node`) of all nodes that are alive; until it is set, this one alone."""
        return self._interest.live_nodes

    @live_nodes.setter
    def live_nodes(self, live_nodes: Callable[[], Collection[str]]) -> None:
        self._interest.live_nodes = live_nodes

    @property
    def working_nodes(self) -> Callable[[], Collection[str]]:
        """Answers the identities of those of them that take work; until it is set, this one alone."""
        return self._shards.working_nodes

    @working_nodes.setter
    def working_nodes(self, working_nodes: Callable[[], Collection[str]]) -> None:
        self._shards.working_nodes = working_nodes

    def working_changed(self) -> None:
        """Others take work now than did: hand over what is theirs, and take what is this node's, at once."""
        self.queue.reconsider()

    async def run(self) -> None:
        """See `Broker.run`."""
        async with trio.open_nursery() as nursery:
            # the others have to say goodbye before it is closed
            link = trio.CancelScope(shield=True)
            nursery.start_soon(self._run_link, link)
            try:
                async with trio.open_nursery() as parts:
                    for part in (self._interest, self._mirrors, self.queue, self.receipts, self.inbox):
                        parts.start_soon(self._keep_up, part.run)
                    for other in (self.history, self.durables, self.dead_letters):
                        parts.start_soon(self._keep_up, other.run)
                    parts.start_soon(self._keep_up, self._keep_agreed)
            finally:
                with trio.CancelScope(shield=True), trio.move_on_after(_GOODBYE_SECONDS):
                    self._interest.leave()
                    await self.history.flush_for_stop()
                    await self.durables.flush_for_stop()
                link.cancel()

    def configure(self, limits: BrokerLimits) -> None:
        """See `Broker.configure`."""
        self.queue.configure(limits)
        self.receipts.configure(limits.receipts)
        self.inbox.configure(limits.inbox)
        self.history.configure(limits.history)
        self.durables.limits = limits.durables
        self.dead_letters.configure(limits.dead_letters)

    async def refresh(self) -> None:
        """See `Broker.refresh`. The bounds over all nodes are kept on the way."""
        # receipts count what the inboxes have told
        await _quietly(self.inbox.refresh)
        async with trio.open_nursery() as nursery:
            for look in (self.queue.look, self.history.refresh, self.durables.refresh, self.dead_letters.refresh):
                nursery.start_soon(_quietly, look)

    def failing_since(self) -> float | None:
        """See `Broker.failing_since`."""
        moments = (self.link.failing_since(), self.link.refused_since())
        return min((moment for moment in moments if moment is not None), default=None)

    async def _keep_up(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run a part until cancelled. What somebody else wrote into a key of ours must not end the daemon."""
        while True:
            try:
                await run()
            except Exception:
                log.exception("upkeep_failed")
                self._counters.errors += 1
                await trio.sleep(_AGAIN_SECONDS)
            else:
                return

    async def _keep_agreed(self) -> None:
        while True:
            await trio.sleep(_AGREED_SECONDS)
            with suppress(StoreUnavailable):
                await keep_agreed(self.link, self._shards.count)

    async def _run_link(self, scope: trio.CancelScope) -> None:
        with scope:
            await self.link.run()

    def _settled(self, outcomes: Sequence[Outcome]) -> None:
        self.history.settled(outcomes)
        self.inbox.settled(outcomes)


async def open_redis(options: BrokerOptions, counters: Counters, clock: Callable[[], int]) -> RedisBroker:
    """A broker over the Redis that *options* name; see `open_broker`.

    Raises:
        Invalid: the URL is none, or other nodes have another number of shards.
        StoreUnavailable: Redis does not answer; the message names the host.
    """
    redis = options.redis or RedisOptions(url=options.url)
    link = await open_link(redis, counters.times.engine.of("redis"))
    try:
        await mark_layout(link)
        await agree_on(link, options.shards)
    except BaseException:
        await link.close()
        raise
    broker = RedisBroker(link, options, redis, counters, clock)
    await broker.refresh()
    return broker


def _identity(name: str) -> str:
    # a daemon that was killed and comes back is another one: what it held before is not its own any more
    return f"{name or f'{socket.gethostname()}-{os.getpid()}'}/{secrets.token_hex(3)}"


async def _quietly(look: Callable[[], Awaitable[None]]) -> None:
    with suppress(StoreUnavailable):
        await look()
