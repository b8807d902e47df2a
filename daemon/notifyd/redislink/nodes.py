"""The nodes of a cluster, as far as they can be reached. For one thread, and blocking."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import unavailable
from notifyd.redislink.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.dial import Dialer
    from notifyd.redislink.url import Endpoint

#: How long a node is left alone that could not be reached.
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 2.0
#: And at least so many times what it took to find that out: the other nodes wait meanwhile.
_PAUSE_TIMES: Final = 5


class Nodes:
    """The pipes to the nodes. One that cannot be reached is left alone for a while, so that the others go on."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._pipes: dict[Endpoint, Pipe] = {}
        self._pauses: dict[Endpoint, tuple[float, float]] = {}

    def reach(self, endpoint: Endpoint) -> Pipe:
        """The pipe to a node.

        Raises:
            StoreUnavailable: it cannot be reached, or could not a moment ago.
        """
        pipe = self._pipes.get(endpoint)
        if pipe is not None and not pipe.is_stale():
            return pipe
        self.drop(endpoint)
        until, pause = self._pauses.get(endpoint, (0.0, _FIRST_PAUSE_SECONDS))
        began = time.monotonic()
        if began < until:
            raise unavailable(f"Redis at {endpoint} cannot be reached")
        try:
            pipe = self._pipes[endpoint] = Pipe(self._dialer.dial(endpoint))
        except StoreUnavailable:
            now = time.monotonic()
            until = now + max(pause, _PAUSE_TIMES * (now - began))
            self._pauses[endpoint] = (until, min(pause * 2, _LONGEST_PAUSE_SECONDS))
            raise
        self._pauses.pop(endpoint, None)
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
        for endpoint in set(self._pauses) - set(endpoints):
            del self._pauses[endpoint]

    def away(self) -> list[Endpoint]:
        """Those that could not be reached when they were last tried."""
        return list(self._pauses)
