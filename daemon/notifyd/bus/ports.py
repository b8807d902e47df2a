"""How a batch of publications reaches the nodes that have subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.publication import Publication


class Bus(Protocol):
    """One way to all nodes.

    Guarantees: batches reach each node in the order in which they were delivered; with the local bus, who gets what is
    settled before the first await of `deliver`.
    """

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """Hand *publications* on; answers how many connections took each, as far as this node knows.

        Raises:
            StoreUnavailable: the bus is away; nothing was handed on.
        """
        ...
