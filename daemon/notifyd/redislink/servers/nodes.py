"""The nodes of a cluster, as far as they can be reached. For one thread, and blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.redislink.servers.pauses import Pauses
from notifyd.redislink.servers.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.servers.dial import Dialer
    from notifyd.redislink.url import Endpoint


class Nodes:
    """The pipes to the nodes. One that cannot be reached is left alone for a while, so that the others go on."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._pipes: dict[Endpoint, Pipe] = {}
        self._pauses = Pauses(times=5)

    def reach(self, endpoint: Endpoint) -> Pipe:
        """The pipe to a node.

        Raises:
            StoreUnavailable: it cannot be reached, or could not a moment ago.
        """
        pipe = self._pipes.get(endpoint)
        if pipe is not None and not pipe.is_stale():
            return pipe
        self.drop(endpoint)
        pipe = self._pauses.attempt(endpoint, lambda: Pipe(self._dialer.dial(endpoint)))
        self._pipes[endpoint] = pipe
        return pipe

    def drop(self, endpoint: Endpoint) -> None:
        """Close the pipe to a node."""
        pipe = self._pipes.pop(endpoint, None)
        if pipe is not None:
            pipe.close()

    def keep(self, endpoints: Sequence[Endpoint]) -> None:
        """Close the pipes to all others, and forget them."""
        for endpoint in set(self._pipes) - set(endpoints):
            self.drop(endpoint)
        self._pauses.keep(endpoints)

    def away(self) -> list[Endpoint]:
        """Those that could not be reached when they were last tried."""
        return [server for server in self._pauses.servers if server is not None]
