from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from msgspec.structs import replace

from notifyd.bus.local import LocalBus
from notifyd.clock import now_ms
from notifyd.model.publication import Publication
from tests.store.samples import notification

if TYPE_CHECKING:
    from collections.abc import Sequence


async def test_a_batch_goes_straight_to_the_fan_out() -> None:
    batches: list[Sequence[Publication]] = []

    async def fan_out(publications: Sequence[Publication]) -> list[int]:
        await trio.lowlevel.checkpoint()
        batches.append(publications)
        return [7]

    batch: list[Publication] = []
    assert await LocalBus(fan_out).deliver(batch) == [7]
    assert batches == [batch]


async def test_what_has_expired_while_its_commit_was_held_up_is_for_nobody() -> None:
    seen: list[int] = []

    async def fan_out(publications: Sequence[Publication]) -> list[int]:
        await trio.lowlevel.checkpoint()
        seen.extend(publication.offset for publication in publications)
        return [publication.offset * 10 for publication in publications]

    late = replace(notification(), expires_at=now_ms() - 2000)
    good = replace(notification(), expires_at=now_ms() + 60_000)
    batch = [Publication(good, "e", 1), Publication(late, "e", 2), Publication(good, "e", 3)]
    assert await LocalBus(fan_out).deliver(batch) == [10, 0, 30]
    assert await LocalBus(fan_out).deliver([Publication(late, "e", 4)]) == [0]
    assert seen == [1, 3]
