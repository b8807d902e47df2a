from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.bus.local import LocalBus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.publication import Publication


async def test_a_batch_goes_straight_to_the_fan_out() -> None:
    batches: list[Sequence[Publication]] = []

    async def fan_out(publications: Sequence[Publication]) -> list[int]:
        await trio.lowlevel.checkpoint()
        batches.append(publications)
        return [7]

    batch: list[Publication] = []
    assert await LocalBus(fan_out).deliver(batch) == [7]
    assert batches == [batch]
