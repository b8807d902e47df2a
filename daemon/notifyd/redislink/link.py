"""The daemon's link to Redis: its lines, its listener, and what the server tells of itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from notifyd.redislink.keys import Keys
from notifyd.redislink.line import Line
from notifyd.redislink.listener import Listener
from notifyd.redislink.route import SingleRoute
from notifyd.redislink.subscriber import Subscriber
from notifyd.redislink.url import Address, parse_url

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions

_WATCH_SECONDS: Final = 0.5
#: What a call may take beside its timeouts, on a busy machine.
_SLACK_SECONDS: Final = 1.0


class ServerInfo(msgspec.Struct, frozen=True):
    """What the server tells of itself; the first one asked, where there are several."""

    version: str
    #: standalone, sentinel or cluster.
    mode: str
    #: master or slave, in the server's words.
    role: str
    #: Whether writes are logged; None where the server does not tell.
    appendonly: bool | None
    #: What happens when memory runs out, such as noeviction; "" where the server does not tell.
    maxmemory_policy: str
    used_memory_bytes: int


class Link:
    """One per daemon. Usable as soon as it is open; `run` closes it."""

    def __init__(self, options: RedisOptions, address: Address) -> None:
        self.keys = Keys(options.prefix)
        self._options = options
        self._address = address
        self._patience_seconds = 2 * options.connect_timeout_seconds + 2 * options.timeout_seconds + _SLACK_SECONDS
        self.listener = Listener(
            lambda backlog: Subscriber(options, address, backlog), patience_seconds=self._patience_seconds
        )
        self._lines: dict[str, Line] = {}

    def line(self, name: str) -> Line:
        """The line of this name: a connection and a thread of its own, made on first use."""
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = Line(
                name,
                SingleRoute(self._options, self._address),
                max_waiting=self._options.max_waiting,
                patience_seconds=self._patience_seconds,
            )
        return line

    async def run(self) -> None:
        """Watch over the lines until cancelled, then let them finish what waits, and close everything."""
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

    async def server(self) -> ServerInfo:
        """Ask the server about itself.

        Raises:
            StoreUnavailable: it does not answer.
        """
        info = _lines(await self.line("info").send("INFO").wait())
        return ServerInfo(
            version=info.get("valkey_version") or info.get("redis_version", ""),
            mode=self._address.mode.value,
            role=info.get("role", ""),
            appendonly={"1": True, "0": False}.get(info.get("aof_enabled", "")),
            maxmemory_policy=info.get("maxmemory_policy", ""),
            used_memory_bytes=int(info.get("used_memory", 0)),
        )


async def open_link(options: RedisOptions) -> Link:
    """A link to the Redis at `options.url`, which answers.

    Raises:
        Invalid: the URL is none.
        StoreUnavailable: Redis did not answer within the timeouts; the message names the host, and never a password.
    """
    link = Link(options, parse_url(options.url))
    try:
        await link.line("info").send("PING").wait()
    except BaseException:
        await link.close()
        raise
    return link


def _lines(info: bytes) -> dict[str, str]:
    lines = [line.partition(":") for line in info.decode(errors="replace").splitlines()]
    return {name: value for name, colon, value in lines if colon}
