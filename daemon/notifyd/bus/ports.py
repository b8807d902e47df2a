"""How a batch of publications reaches the nodes that have subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.publication import Publication
    from notifyd.model.restarted import Restarted


class News(Protocol):
    """What the streams of this node get, of an engine that several nodes share; see `store.ports.News`."""

    async def take(self) -> list[Publication | Restarted]:
        """Wait for something, and take all there is."""
        ...

    def audience(self, publications: Sequence[Publication]) -> list[int]:
        """How many connections of all nodes were there for each when it was stamped."""
        ...


class LiveSide(Protocol):
    """The hub of this node."""

    async def fan_out(self, publications: Sequence[Publication]) -> list[int]:
        """Write them to everyone who is to have them."""
        ...

    def restart(self, restarted: Restarted) -> None:
        """A stream is numbered anew."""
        ...


class Bus(Protocol):
    """One way to all nodes.

    Guarantees: batches reach each node in the order in which they were delivered; with the local bus, who gets what is
    settled before the first await of `deliver`.
    """

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """Hand *publications* on; answers how many connections took each, or were there for it on other nodes.

        Raises:
            StoreUnavailable: the bus is away; nothing was handed on.
        """
        ...
