"""What becomes of the queue when Redis goes away under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.redislink.options import RedisOptions
from tests.store.redis.queue.queues import HASTY_SECONDS, in_shard, nodes
from tests.store.samples import T0, idempotency, notification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.model.notification import Notification
    from notifyd.model.receipt import Receipt
    from notifyd.store.ports import Lease, Outcome
    from tests.store.redis.queue.queues import Node
    from tests.valkey import Valkey

pytestmark = pytest.mark.slow

KEPT = ("--appendonly", "yes", "--appendfsync", "always")
#: Beyond it whatever is waited for has failed.
SOON_SECONDS = 30.0


def options_of(server: Valkey) -> RedisOptions:
    return RedisOptions(url=server.unix_url, prefix="f", timeout_seconds=1.0, connect_timeout_seconds=5.0)


async def soon(look: Callable[[], Awaitable[Any]], wanted: Callable[[Any], object]) -> Any:
    """What *look* finds once it is *wanted*; Redis may be away until then."""
    with trio.fail_after(SOON_SECONDS):
        while True:
            try:
                found = await look()
            except StoreUnavailable:
                await trio.sleep(0.02)
                continue
            if wanted(found):
                return found
            await trio.sleep(0.02)


async def test_what_is_enqueued_while_redis_is_away_is_refused_at_once(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey(*KEPT)
    async with nodes(options_of(server)) as (one,):
        await one.accept(notification())
        server.kill()
        for key in (None, idempotency()):
            with pytest.raises(StoreUnavailable), trio.fail_after(20):
                await one.queue.enqueue([notification()], now=T0, idempotency=key)[0].result()
        with pytest.raises(StoreUnavailable):
            await one.queue.pause()
        assert one.counters.rejected == 2
        server.start()
        later = notification()
        await soon(lambda: one.accept(later), bool)
        held = await soon(one.lease, lambda leases: len(leases) == 2)
        assert held[1].notification == later


@pytest.mark.parametrize("how", ["killed", "hangs"])
async def test_what_could_not_be_settled_is_settled_later(start_valkey: Callable[..., Valkey], how: str) -> None:
    server = start_valkey(*KEPT)
    told: list[Outcome] = []
    async with nodes(options_of(server)) as (one,):
        one.queue.on_settled = told.extend
        made = [in_shard(shard) for shard in (0, 1, 2)]
        await one.accept(*made)
        held = await one.lease(seconds=3600)
        if how == "killed":
            server.kill()
        else:
            server.pause()
        with pytest.raises(StoreUnavailable):
            await one.settle(*held)
        if how == "killed":
            server.start()
        else:
            server.go_on()
        await soon(one.counted, lambda stats: not stats.waiting)
        for each in made:
            receipt = await one.receipts.find(None, each.id)
            assert receipt is not None
            assert receipt.state is State.DISPATCHED
        # what was done before its answer was lost is not told
        ids = [outcome.lease.notification.id for outcome in told]
        assert set(ids) <= {each.id for each in made}
        assert len(ids) == len(set(ids))
        assert len(ids) == 3 or how == "hangs"


async def test_what_could_not_be_given_back_is_given_back_later(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey(*KEPT)
    async with nodes(options_of(server)) as (one,):
        await one.accept(notification())
        held = await one.lease(seconds=3600)
        server.kill()
        one.queue.release(held, due_at=T0)
        server.start()
        (again,) = await soon(one.lease, bool)
        assert again.attempts == 1


async def test_what_is_noted_while_redis_is_away_is_kept(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey(*KEPT)
    async with nodes(options_of(server)) as (one,):
        made = notification()
        await one.accept(made)
        server.kill()
        for number in range(3):
            one.receipts.note(made.id, TimelineEvent(T0 + number, Happening.ACKED), acked=1)
        with pytest.raises(StoreUnavailable):
            await one.receipts.find(None, made.id)
        server.start()
        receipt: Receipt = await soon(lambda: one.receipts.find(None, made.id), lambda found: found.acked)
        assert (receipt.acked, len(receipt.timeline)) == (3, 4)


async def test_a_queue_that_was_lost_begins_anew(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    options = options_of(server)
    async with nodes(options, options) as (one, other):
        for node in (one, other):
            await node.owns(*[shard.number for shard in node.queue.ownership.wanted()])
        await one.accept(*[in_shard(shard) for shard in range(4)])
        held = await one.lease()
        server.call("FLUSHALL")
        await one.settle(*held)
        later = [in_shard(shard) for shard in range(4)]
        await one.accept(*later)
        assert (await one.counted()).waiting == 4
        found: list[Lease] = []

        async def look() -> list[Lease]:
            for node in (one, other):
                found.extend(await node.lease())
            return found

        await soon(look, lambda leases: len(leases) >= 4)
        assert sorted(lease.notification.id for lease in found) == [each.id for each in later]


async def work(node: Node) -> None:
    """As a dispatcher, for ever."""
    while True:
        try:
            await node.settle(*await node.lease(seconds=3600))
        except StoreUnavailable:
            await trio.sleep(0.02)
            continue
        with trio.move_on_after(0.05):
            await node.queue.wait_for_work()


async def publish(node: Node, accepted: list[Notification]) -> None:
    """Many, of which some are refused."""
    for number in range(200):
        each = in_shard(number % 4)
        try:
            await node.accept(each)
        except StoreUnavailable:
            await trio.sleep(0.01)
        else:
            accepted.append(each)


async def test_nothing_accepted_is_lost_when_nodes_and_redis_come_and_go(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey(*KEPT)
    accepted: list[Notification] = []
    async with (
        nodes(*[options_of(server)] * 3, timeout_seconds=HASTY_SECONDS) as running,
        trio.open_nursery() as workers,
    ):
        one, other, third = running
        for node in running:
            workers.start_soon(work, node)
        async with trio.open_nursery() as publishers:
            for node in (one, other):
                publishers.start_soon(publish, node, accepted)
            for _ in range(3):
                await trio.sleep(0.2)
                server.kill()
                await trio.sleep(0.1)
                server.start()
            third.vanish()
        one.shards.working_nodes = other.shards.working_nodes = lambda: [one.name, other.name]
        await soon(one.counted, lambda stats: not stats.waiting)
        workers.cancel_scope.cancel()
        receipts = [await one.receipts.find(None, each.id) for each in accepted]
        assert {receipt and receipt.state for receipt in receipts} == {State.DISPATCHED}
        assert len(accepted) > 100
