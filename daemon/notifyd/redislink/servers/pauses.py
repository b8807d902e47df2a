"""Servers that could not be reached are left alone for a while, so that the others do not wait for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notifyd.redislink.url import Endpoint

T = TypeVar("T")

_FIRST_SECONDS: Final = 0.05
_LONGEST_SECONDS: Final = 1.0
#: What is waited for at the most because it took long to find out that the server cannot be reached.
_CAUTIOUS_SECONDS: Final = 3.0


class Pauses:
    """How long which server is left alone. For one thread."""

    def __init__(self, *, times: int, clock: Callable[[], float] = time.monotonic) -> None:
        """*times*: a pause is so many times what the attempt took, because others had to wait for it; 0: nobody had."""
        self._times = times
        self._clock = clock
        # until when, how long, and why
        self._pauses: dict[Endpoint | None, tuple[float, float, str]] = {}

    @property
    def servers(self) -> list[Endpoint | None]:
        """Those that could not be reached when they were last tried."""
        return list(self._pauses)

    def attempt(self, server: Endpoint | None, dial: Callable[[], T]) -> T:
        """What *dial* answers, unless *server* is left alone just now.

        Raises:
            StoreUnavailable: it cannot be reached, or could not a moment ago.
        """
        until, pause, why = self._pauses.get(server, (0.0, _FIRST_SECONDS, ""))
        began = self._clock()
        if began < until:
            raise unavailable(why)
        try:
            result = dial()
        except StoreUnavailable as exc:
            now = self._clock()
            until = now + max(pause, min(self._times * (now - began), _CAUTIOUS_SECONDS))
            self._pauses[server] = (until, min(2 * pause, _LONGEST_SECONDS), exc.message)
            raise
        self._pauses.pop(server, None)
        return result

    def keep(self, servers: Collection[Endpoint | None]) -> None:
        """Forget all others."""
        for server in set(self._pauses) - set(servers):
            del self._pauses[server]
