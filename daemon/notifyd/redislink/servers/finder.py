"""Which server is the one, where there is only one at a time. For threads, and blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.servers.dial import Dialer
from notifyd.redislink.servers.pipe import Pipe
from notifyd.redislink.url import Endpoint, Mode

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions
    from notifyd.redislink.servers.dial import Dialed
    from notifyd.redislink.url import Address


class Finder(Protocol):
    """Makes connections to the server that takes writes."""

    def dial(self) -> Dialed:
        """A connection to it.

        Raises:
            StoreUnavailable: none is to be had within the timeouts.
        """
        ...


class NamedServer:
    """The server is the one in the URL."""

    def __init__(self, options: RedisOptions, address: Address) -> None:
        self._dialer = Dialer(options, address)
        self._endpoint = address.endpoints[0]

    def dial(self) -> Dialed:
        """See `Finder`."""
        return self._dialer.dial(self._endpoint)


class SentinelGroup:
    """The Sentinels are asked each time: the server is another one after a failover."""

    def __init__(self, options: RedisOptions, address: Address) -> None:
        self._options = options
        self._dialer = Dialer(options, address)
        self._sentinels = list(address.endpoints)
        self._group = address.group

    def dial(self) -> Dialed:
        """See `Finder`."""
        dialed = self._dialer.dial(self._master())
        # shortly after a failover a Sentinel may still name the one that was
        role = Pipe(dialed).ask("ROLE", seconds=self._options.connect_timeout_seconds)
        if isinstance(role, ErrorReply) or role[0] != b"master":
            dialed.close()
            said = role if isinstance(role, ErrorReply) else f"it is a {role[0].decode()}"
            raise unavailable(f"Redis at {dialed.endpoint} is not the master of {self._group}: {said}")
        return dialed

    def _master(self) -> Endpoint:
        reasons = []
        for sentinel in tuple(self._sentinels):
            try:
                answer = self._ask(sentinel)
            except StoreUnavailable as exc:
                reasons.append(exc.message)
                continue
            if isinstance(answer, list):
                # the one that answered is asked first the next time
                self._sentinels.remove(sentinel)
                self._sentinels.insert(0, sentinel)
                return Endpoint(answer[0].decode(), int(answer[1]))
            reasons.append(
                f"the Sentinel at {sentinel} knows no group {self._group}" if answer is None else str(answer)
            )
        raise unavailable("; ".join(reasons))

    def _ask(self, sentinel: Endpoint) -> Any:
        pipe = Pipe(self._dialer.dial_sentinel(sentinel))
        try:
            words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._group)
            return pipe.ask(*words, seconds=self._options.connect_timeout_seconds)
        finally:
            pipe.close()


def make_finder(options: RedisOptions, address: Address) -> Finder:
    """The finder for a URL that is no cluster's."""
    kind = SentinelGroup if address.mode is Mode.SENTINEL else NamedServer
    return kind(options, address)
