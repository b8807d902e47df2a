"""Which server a topic is followed on. For one thread, and blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from notifyd.redislink.errors import unavailable
from notifyd.redislink.servers.nodes import Nodes
from notifyd.redislink.servers.slots import SlotMap, slot_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.servers.dial import Dialed, Dialer
    from notifyd.redislink.servers.finder import Finder
    from notifyd.redislink.url import Endpoint


class Places(Protocol):
    """The servers, and which topic is where. None stands for the only one."""

    #: How many times as long as an attempt to reach one takes it is left alone after it, because the others wait.
    caution: int

    def refresh(self) -> None:
        """Look anew which topic is where.

        Raises:
            StoreUnavailable: nobody tells.
        """
        ...

    def place(self, topic: bytes) -> Endpoint | None:
        """Where a topic is.

        Raises:
            StoreUnavailable: nowhere at present.
        """
        ...

    def group(self, topic: bytes) -> int:
        """Topics of different groups may not stand in one command."""
        ...

    def dial(self, place: Endpoint | None) -> Dialed:
        """A connection to the server at a place.

        Raises:
            StoreUnavailable: it cannot be had within the timeouts.
        """
        ...


class OnePlace:
    """All topics are on the server that takes writes."""

    caution = 0

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def refresh(self) -> None:
        """See `Places`: it is found when it is dialed."""

    def place(self, _topic: bytes) -> None:
        """See `Places`."""
        return

    def group(self, _topic: bytes) -> int:
        """See `Places`."""
        return 0

    def dial(self, _place: Endpoint | None) -> Dialed:
        """See `Places`."""
        return self._finder.dial()


class ClusterPlaces:
    """A topic is where its slot is."""

    caution = 5

    def __init__(self, dialer: Dialer, seeds: Sequence[Endpoint], *, timeout_seconds: float) -> None:
        self._dialer = dialer
        self._map = SlotMap(seeds, seconds=timeout_seconds)

    def refresh(self) -> None:
        """See `Places`."""
        nodes = Nodes(self._dialer)
        try:
            self._map.refresh(nodes.reach)
        finally:
            nodes.keep(())

    def place(self, topic: bytes) -> Endpoint | None:
        """See `Places`."""
        owner = self._map.owner(slot_of(topic))
        if owner is None:
            raise unavailable("nobody in the Redis cluster has the slot")
        return owner

    def group(self, topic: bytes) -> int:
        """See `Places`."""
        return slot_of(topic)

    def dial(self, place: Endpoint | None) -> Dialed:
        """See `Places`."""
        assert place is not None
        return self._dialer.dial(place)
