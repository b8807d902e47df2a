"""The daemon's link to Redis: its lines and its listener."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import trio

from notifyd.redislink.commands.cluster import ClusterRoute
from notifyd.redislink.commands.line import Line
from notifyd.redislink.commands.route import SingleRoute
from notifyd.redislink.errors import unavailable
from notifyd.redislink.keys import Keys
from notifyd.redislink.servers.dial import Dialer
from notifyd.redislink.servers.finder import make_finder
from notifyd.redislink.topics.listener import Listener
from notifyd.redislink.topics.places import ClusterPlaces, OnePlace
from notifyd.redislink.url import Address, Mode, parse_url

if TYPE_CHECKING:
    from notifyd.redislink.commands.route import Route
    from notifyd.redislink.options import RedisOptions
    from notifyd.redislink.topics.places import Places
    from notifyd.telemetry.histogram import Histogram

_WATCH_SECONDS: Final = 0.5
#: What a call may take beside its timeouts, on a busy machine.
_SLACK_SECONDS: Final = 1.0
_OWN_LINE: Final = "info"


class Link:
    """One per daemon, made by `open_link`. Usable as soon as it is open; `run` watches over it and closes it."""

    def __init__(self, options: RedisOptions, address: Address, flights: Histogram | None = None) -> None:
        #: How keys and topics are named.
        self.keys = Keys(options.prefix)
        self._options = options
        self._address = address
        self._flights = flights
        self._patience_seconds = _patience_seconds(options, address)
        #: What is published.
        self.listener = Listener(
            self._places(), timeout_seconds=options.timeout_seconds, patience_seconds=self._patience_seconds
        )
        self._lines: dict[str, Line] = {}

    def line(self, name: str) -> Line:
        """The line of this name: a connection and a thread of its own, made on first use."""
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = Line(
                name,
                self._route(),
                max_waiting=self._options.max_waiting,
                patience_seconds=self._patience_seconds,
                clustered=self._address.mode is Mode.CLUSTER,
                flights=self._flights,
            )
        return line

    async def run(self) -> None:
        """Watch over the lines until cancelled, then `close`."""
        try:
            while True:
                await trio.sleep(_WATCH_SECONDS)
                now = time.monotonic()
                for line in self._lines.values():
                    line.watch(now)
        finally:
            await self.close()

    async def close(self) -> None:
        """Let what waits be done, within the timeouts, and close everything. For a link that does not run."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.listener.close)
                for line in self._lines.values():
                    nursery.start_soon(line.close)

    def failing_since(self) -> float | None:
        """Since when a line or the listener has been without Redis, on the monotonic clock; None while all is well."""
        moments = [line.failing_since for line in self._lines.values()]
        moments.append(self.listener.failing_since)
        return min((moment for moment in moments if moment is not None), default=None)

    def away(self) -> bool:
        """Whether there is no Redis: of a cluster no node answers."""
        return any(line.away for line in self._lines.values())

    def refused_since(self) -> float | None:
        """Since when Redis has answered and taken no writes, on the monotonic clock; None: it refused none lately."""
        now = time.monotonic()
        moments = [line.refused_since(now) for line in self._lines.values()]
        return min((moment for moment in moments if moment is not None), default=None)

    def _route(self) -> Route:
        options, address = self._options, self._address
        if address.mode is Mode.CLUSTER:
            return ClusterRoute(Dialer(options, address), address.endpoints, timeout_seconds=options.timeout_seconds)
        return SingleRoute(make_finder(options, address), timeout_seconds=options.timeout_seconds)

    def _places(self) -> Places:
        options, address = self._options, self._address
        if address.mode is Mode.CLUSTER:
            return ClusterPlaces(Dialer(options, address), address.endpoints, timeout_seconds=options.timeout_seconds)
        return OnePlace(make_finder(options, address))


async def open_link(options: RedisOptions, flights: Histogram | None = None) -> Link:
    """A link to the Redis at `options.url`, which answers; *flights* is told how long each takes.

    Raises:
        Invalid: the URL is none.
        StoreUnavailable: Redis did not answer within the timeouts; the message names the host, and never a password.
    """
    address = parse_url(options.url)
    link = Link(options, address, flights)
    reply = link.line(_OWN_LINE).send("PING")
    try:
        # a line has deadlines of its own, but looking a name up has none
        with trio.move_on_after(_patience_seconds(options, address)):
            await reply.wait()
    except BaseException:
        await link.close()
        raise
    if not reply.done():
        await link.close()
        raise unavailable(f"Redis at {address} does not answer")
    return link


def _patience_seconds(options: RedisOptions, address: Address) -> float:
    """What a call can take at the most: a connection and its greeting, with Sentinels to ask before, and the flight."""
    dials = 2 if address.mode is Mode.STANDALONE else 2 + len(address.endpoints)
    return dials * options.connect_timeout_seconds + 2 * options.timeout_seconds + _SLACK_SECONDS
