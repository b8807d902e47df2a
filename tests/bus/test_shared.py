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
        #: Set to let the hub go on.
        self.gate = trio.Event()
        self.gate.set()

    def waiting(self) -> bool:
        return bool(self.batches)

    async def take(self) -> list[Publication | Restarted]:
        if not self.batches:
            await trio.sleep_forever()
        return self.batches.pop(0)

    def audience(self, publications: Sequence[Publication]) -> list[int]:
        return [publication.offset for publication in publications]

    async def fan_out(self, publications: Sequence[Publication]) -> list[int]:
        await self.gate.wait()
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


async def test_a_dispatcher_waits_until_this_node_has_handed_on_what_it_was_told(
    autojump_clock, nursery: trio.Nursery
) -> None:
    fake = Fake([stamped(1)], [stamped(2)], [stamped(3)])
    fake.gate = trio.Event()
    bus = SharedBus(fake, fake)
    nursery.start_soon(bus.run)
    await trio.testing.wait_all_tasks_blocked()
    told: list[int] = []

    async def deliver() -> None:
        await bus.deliver([stamped(2)])
        told.extend(len(seen) for seen in fake.seen)

    with trio.fail_after(20):
        async with trio.open_nursery() as waiting:
            waiting.start_soon(deliver)
            await trio.testing.wait_all_tasks_blocked()
            assert not told
            fake.gate.set()
    # what was being handed on, and what waited; what came later may be among it
    assert told[:2] == [1, 1]


async def test_a_hub_that_is_stuck_holds_a_dispatcher_up_for_a_second(autojump_clock, nursery: trio.Nursery) -> None:
    fake = Fake([stamped(1)])
    fake.gate = trio.Event()
    bus = SharedBus(fake, fake)
    nursery.start_soon(bus.run)
    await trio.testing.wait_all_tasks_blocked()
    began = trio.current_time()
    assert await bus.deliver([stamped(1)]) == [1]
    assert trio.current_time() - began == 1.0
    assert not fake.seen
