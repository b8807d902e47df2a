"""News come to the hub in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from msgspec.structs import replace

from notifyd.bus.shared import SharedBus
from notifyd.clock import now_ms
from notifyd.model.ids import ClientId
from notifyd.model.publication import Publication
from notifyd.model.restarted import Restarted
from tests.store.samples import notification

if TYPE_CHECKING:
    from collections.abc import Sequence


class Fake:
    """News that were prepared, and a hub that notes what it is given."""

    def __init__(self, *batches: list[Publication | Restarted]) -> None:
        self.batches = list(batches)
        self.seen: list[object] = []

    async def take(self) -> list[Publication | Restarted]:
        if not self.batches:
            await trio.sleep_forever()
        return self.batches.pop(0)

    def audience(self, publications: Sequence[Publication]) -> list[int]:
        return [publication.offset for publication in publications]

    async def fan_out(self, publications: Sequence[Publication]) -> list[int]:
        self.seen.append([publication.offset for publication in publications])
        return [0] * len(publications)

    def restart(self, restarted: Restarted) -> None:
        self.seen.append(restarted)


def stamped(offset: int, expires_at: int = 1 << 60) -> Publication:
    return Publication(replace(notification(), expires_at=expires_at), "e", offset)


async def test_what_comes_before_a_restart_is_written_before_it(autojump_clock, nursery: trio.Nursery) -> None:
    anew = Restarted(ClientId("default"), "news")
    fake = Fake([stamped(1), stamped(2), anew, stamped(1)], [stamped(2)])
    nursery.start_soon(SharedBus(fake, fake).run)
    await trio.testing.wait_all_tasks_blocked()
    assert fake.seen == [[1, 2], anew, [1], [2]]


async def test_what_has_expired_on_its_way_is_for_nobody(autojump_clock, nursery: trio.Nursery) -> None:
    late = now_ms() - 2000
    fake = Fake([stamped(1), stamped(2, late), stamped(3)], [stamped(4, late)])
    nursery.start_soon(SharedBus(fake, fake).run)
    await trio.testing.wait_all_tasks_blocked()
    assert fake.seen == [[1, 3]]


async def test_who_was_there_is_told_by_the_stamp() -> None:
    fake = Fake()
    assert await SharedBus(fake, fake).deliver([stamped(3), stamped(4)]) == [3, 4]
    assert not fake.seen
