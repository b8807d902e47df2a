"""The queue in Redis, where several nodes see to it; what holds for every engine is in tests/contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import Conflict, NotFound, QueueFull, StoreUnavailable
from notifyd.model.notification import State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.redislink.scripts import load_script
from notifyd.store.options import BrokerLimits, QueueLimits
from notifyd.store.ports import Lane
from notifyd.store.redis.queue.idempotency import digest_of
from tests.store.redis.queue.queues import HASTY_SECONDS, SHARDS, in_shard, nodes
from tests.store.samples import HOUR, T0, idempotency, notification, push_of

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions
    from notifyd.store.ports import Lease

RESERVE = load_script("notifyd.store.redis.queue", "reserve")


async def test_each_shard_is_seen_to_by_one_node(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        share = [shard.number for shard in one.queue.ownership.wanted()]
        rest = [number for number in range(SHARDS) if number not in share]
        await one.owns(*share)
        await other.owns(*rest)
        made = [in_shard(shard) for shard in range(SHARDS)]
        await one.accept(*made)
        taken: list[set[str]] = [set(), set()]
        while sum(map(len, taken)) < SHARDS:
            # a shard that has just changed hands is looked at in the next round
            for node, of_node in zip((one, other), taken, strict=True):
                of_node.update(lease.notification.id for lease in await node.lease())
        assert [len(each) for each in taken] == [len(share), len(rest)]
        assert taken[0] | taken[1] == {each.id for each in made}


async def test_a_node_is_rung_for_what_another_accepts(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        rest = [shard.number for shard in other.queue.ownership.wanted()]
        await other.owns(*rest)
        for shard in other.queue.ownership.wanted():
            assert shard.following is not None
            await shard.following.wait_live()
        with trio.move_on_after(0):
            await other.queue.wait_for_work()
        for delay in (500, 0):
            await one.accept(in_shard(rest[0], delay=delay))
            with trio.fail_after(10):
                # a shard that comes or goes rings as well
                while other.queue.next_due_at(now=T0) != T0 + delay:
                    await other.queue.wait_for_work()


async def test_what_waits_in_a_shard_that_another_node_has_is_nothing_to_do(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        number = other.queue.ownership.wanted()[0].number
        await other.owns(*[shard.number for shard in other.queue.ownership.wanted()])
        await other.accept(in_shard(number))
        await other.lease()
        # it should go over, and does not while something is held of it
        one.shards.working_nodes = lambda: [one.name]
        with trio.fail_after(20):
            while not one.queue.ownership.of(number).asked:
                await one.lease()
        await one.accept(in_shard(number))
        assert await one.lease() == []
        assert one.queue.next_due_at(now=T0) is None


async def test_a_node_that_stops_hands_over_at_once(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        made = [in_shard(shard) for shard in range(SHARDS)]
        await one.accept(*made)
        one.shards.working_nodes = other.shards.working_nodes = lambda: [other.name]
        one.stop()
        await other.owns(*range(SHARDS))
        assert len(await other.lease()) == len(made)


async def test_a_node_that_stops_lets_go_of_what_it_does_not_know_yet_to_be_its_own(
    redis_options: RedisOptions,
) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        ownership = one.queue.ownership
        await one.owns(*[shard.number for shard in ownership.wanted()])
        one.queue._tick_seconds = 3600
        for shard in ownership.wanted():
            # as before the answer to its claim
            ownership.lost(shard)
        one.stop()
        other.shards.working_nodes = lambda: [other.name]
        await other.owns(*range(SHARDS))


async def test_a_node_without_a_dispatcher_lets_others_work(
    redis_options: RedisOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifyd.store.redis.queue.ownership._IDLE_SECONDS", 0.1)
    async with nodes(redis_options, redis_options) as (one, other):
        share = [shard.number for shard in one.queue.ownership.wanted()]
        await one.lease()
        await one.owns(*share)
        await one.owns()
        assert other.queue.ownership.working()
        # it begins again
        await one.accept(in_shard(share[0]))
        assert len(await one.lease()) == 1


async def test_a_node_that_stood_still_goes_on_with_its_shards(
    redis_options: RedisOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifyd.store.redis.queue.ownership._IDLE_SECONDS", 0.0)
    async with nodes(redis_options) as (one,):
        ownership = one.queue.ownership
        await one.lease()
        assert ownership.owned() == list(range(SHARDS))
        one.queue._tick_seconds = 3600
        # a tick comes before anybody could ask
        await ownership.keep(now=T0)
        assert ownership.owned() == list(range(SHARDS))


async def test_what_is_held_is_not_handed_over(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        await one.accept(in_shard(0), in_shard(1))
        first, second = await one.lease()
        await one.settle(first if first.shard == 1 else second)
        # so many others that hardly anything is left to this one
        one.shards.working_nodes = lambda: [f"other-{number}" for number in range(200)]
        assert one.queue.ownership.wanted() == ()
        await one.queue.ownership.keep(now=T0)
        assert one.queue.ownership.owned() == [0]
        await one.settle(first if first.shard == 0 else second)
        await one.queue.ownership.keep(now=T0)
        assert one.queue.ownership.owned() == []


async def test_a_shard_changes_hands_as_soon_as_nothing_of_it_is_in_hand(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        share = [shard.number for shard in one.queue.ownership.wanted()]
        await one.owns(*share)
        await one.accept(in_shard(share[0]))
        (held,) = await one.lease()
        # no tick helps from here on
        one.queue._tick_seconds = other.queue._tick_seconds = 3600
        for node in (one, other):
            node.shards.working_nodes = lambda: [other.name]
            node.queue.reconsider()
        await other.owns(*[number for number in range(SHARDS) if number != share[0]])
        await one.settle(held)
        await other.owns(*range(SHARDS))
        assert one.queue.ownership.owned() == []


async def test_a_shard_that_comes_when_it_is_another_nodes_by_right_is_passed_on(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        ownership = one.queue.ownership
        await one.owns(*range(SHARDS))
        one.queue._tick_seconds = 3600
        one.shards.working_nodes = lambda: ["other"]
        one.queue.reconsider()
        await one.owns()
        await ownership.claim([ownership.of(0)])
        assert ownership.owned() == []


async def test_a_push_under_way_holds_nothing_up(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        one.shards.working_nodes = other.shards.working_nodes = lambda: [one.name]
        await one.owns(*range(SHARDS))
        await one.accept(push_of(notification(), "ada"))
        (held,) = await one.lease(lane=Lane.PUSH)
        one.shards.working_nodes = other.shards.working_nodes = lambda: [other.name]
        await other.owns(*range(SHARDS))
        assert await other.lease(lane=Lane.PUSH) == []
        await one.settle(held)
        assert (await other.counted()).waiting == 0


async def test_a_bell_that_is_followed_late_misses_no_shard(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        await one.owns(*range(SHARDS))
        one.queue._tick_seconds = 3600
        shard = one.queue.ownership.of(0)
        one.queue.ownership.lost(shard)
        shard.asked = True
        assert shard.following is not None
        shard.following.confirm()
        await one.owns(*range(SHARDS))


async def test_what_a_node_held_that_vanished_is_given_to_another(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options, timeout_seconds=HASTY_SECONDS) as (one, other):
        share = [shard.number for shard in one.queue.ownership.wanted()]
        made = in_shard(share[0])
        await one.accept(made)
        (held,) = await one.lease(seconds=3600)
        one.vanish()
        other.shards.working_nodes = lambda: [other.name]
        await other.owns(*range(SHARDS))
        (again,) = await other.lease()
        assert (again.notification, again.attempts) == (made, 0)
        assert again.fence > held.fence
        await other.settle(again)
        assert (await other.counted()).waiting == 0


async def test_who_was_thought_dead_settles_nothing(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        share = [shard.number for shard in one.queue.ownership.wanted()]
        await one.accept(in_shard(share[0]))
        (held,) = await one.lease(seconds=3600)
        one.queue.ownership.working = lambda: False  # type: ignore[method-assign]
        key = f"{one.shards.keys.shard(share[0])}:owner"
        await one.shards.line.send("DEL", key).wait()
        other.shards.working_nodes = lambda: [other.name]
        await other.owns(*range(SHARDS))
        (again,) = await other.lease()
        await one.settle(held)
        assert (await other.counted()).leased == 1
        await other.settle(again)
        assert (await other.counted()).waiting == 0


async def test_a_batch_over_several_shards_is_taken_whole_or_not_at_all(redis_options: RedisOptions) -> None:
    limits = BrokerLimits(queue=QueueLimits(max_size=2 * SHARDS))
    async with nodes(redis_options, redis_options, limits=limits) as (one, other):
        await other.accept(*[in_shard(0) for _ in range(SHARDS + 1)])
        # this one does not know of those yet: some of its shards have room, and one has not
        one.queue._room.learn(0, 0, 0)
        await one.accept(*[in_shard(shard) for shard in range(SHARDS)])
        assert (await one.counted()).waiting == 2 * SHARDS + 1
        with pytest.raises(QueueFull):
            await one.accept(notification())


async def test_a_conflict_in_one_shard_takes_the_others_back(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        known = in_shard(1, delay=100)
        await one.accept(known)
        with pytest.raises(Conflict):
            await one.accept(in_shard(0), known, in_shard(2))
        assert (await one.counted()).waiting == 1
        assert one.counters.accepted == 1
        assert one.counters.rejected == 3


async def test_what_comes_in_together_is_refused_one_by_one(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        known, new = in_shard(1, delay=100), in_shard(1)
        await one.accept(known)
        first, refused, taken = [one.queue.enqueue([each], now=T0)[0] for each in (in_shard(1), known, new)]
        assert (await taken.result()).id == new.id
        assert first.done()
        with pytest.raises(Conflict):
            await refused.result()
        assert (await one.counted()).waiting == 3


async def test_a_key_is_good_on_every_node(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        first, second = notification(), notification()
        pending = [
            node.queue.enqueue([each], now=T0, idempotency=idempotency())[0]
            for node, each in ((one, first), (other, second))
        ]
        answers = [await each.result() for each in pending]
        assert answers[0].id == answers[1].id
        assert sorted(each.duplicate for each in answers) == [False, True]
        assert (await one.counted()).waiting == 1
        assert one.counters.accepted + other.counters.accepted == 1


async def test_who_finds_a_key_that_was_only_reserved_goes_on_with_it(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        first, second = notification(), notification()
        # a node vanished after this
        name = one.shards.keys.idempotency(digest_of(idempotency()))
        await one.shards.intake.script(RESERVE, (name,), (first.id, "f", T0 + HOUR, T0, HOUR)).wait()
        with pytest.raises(StoreUnavailable, match="on its way"):
            await one.queue.recall(idempotency(), NotFound("unknown"), now=T0).result()
        accepted = await one.queue.enqueue([second], now=T0, idempotency=idempotency())[0].result()
        assert (accepted.id, accepted.duplicate) == (first.id, True)
        (lease,) = await one.lease()
        assert lease.notification.id == first.id
        assert (await one.queue.recall(idempotency(), NotFound("unknown"), now=T0).result()).id == first.id


async def test_a_pause_is_one_of_all_nodes(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        for node in (one, other):
            await node.owns(*[shard.number for shard in node.queue.ownership.wanted()])
        made = [in_shard(shard) for shard in range(SHARDS)]
        await one.queue.pause()
        await one.accept(*made)
        assert [await node.lease() for node in (one, other)] == [[], []]
        assert (await other.counted()).paused
        await other.queue.resume()
        found: list[Lease] = []
        with trio.fail_after(20):
            while len(found) < len(made):
                for node in (one, other):
                    found += await node.lease()


async def test_what_is_noted_on_one_node_is_told_on_another(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, redis_options) as (one, other):
        made = notification()
        await one.accept(made)
        acked = TimelineEvent(T0, Happening.ACKED, receiver="r")
        other.receipts.note(made.id, acked, acked=2)
        other.receipts.flush()
        async with trio.open_nursery() as nursery:
            with trio.fail_after(20):
                nursery.start_soon(one.receipts.changed, made.id)
                await trio.testing.wait_all_tasks_blocked()
                other.receipts.note(made.id, acked, acked=1)
        with trio.fail_after(20):
            while True:
                receipt = await one.receipts.find(None, made.id)
                assert receipt is not None
                if receipt.acked == 3:
                    break
        assert receipt.timeline[1:] == (acked, acked)


async def test_a_note_is_taken_once_however_often_it_is_sent(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        made = notification()
        await one.accept(made)
        one.receipts.note(made.id, TimelineEvent(T0, Happening.ACKED), acked=1)
        one.receipts.flush()
        jotter = one.receipts._jotter
        number = next(number for number in range(SHARDS) if jotter._sent[number] is not None)
        sent = jotter._sent[number]
        receipt = await one.receipts.find(None, made.id)
        # the answer is lost, and it is sent again
        jotter._sent[number] = sent
        jotter.flush()
        again = await one.receipts.find(None, made.id)
        assert again is not None
        assert receipt is not None
        assert (again.acked, len(again.timeline)) == (receipt.acked, len(receipt.timeline)) == (1, 2)


async def test_the_order_of_the_urgent_holds_over_all_shards(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        made = [in_shard(shard, priority=priority) for shard in range(SHARDS) for priority in (1, 5, 9)]
        await one.accept(*made)
        order = sorted(made, key=lambda each: -each.priority)
        found = []
        while leases := await one.lease(limit=3):
            found += [lease.notification for lease in leases]
        assert [each.priority for each in found] == [each.priority for each in order]


async def test_what_was_settled_and_is_put_back_has_a_receipt_of_its_own(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        made = notification()
        await one.accept(made)
        (held,) = await one.lease()
        await one.settle(held, state=State.DEAD)
        for pending in one.queue.again([made], T0):
            await pending.result()
        waiting = await one.receipts.find(None, made.id)
        assert waiting is not None
        assert (waiting.state, [event.happening for event in waiting.timeline]) == (
            State.WAITING,
            [Happening.ACCEPTED, Happening.DEAD],
        )
        assert one.counters.accepted == 1


async def test_receipts_go_with_their_age(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        made = notification()
        await one.accept(made)
        await one.settle(*await one.lease())
        one.receipts.note(made.id, TimelineEvent(T0, Happening.ACKED))
        await one.counted()
        assert one.receipts.usage() == (1, 1)
        await one.receipts.trim(now=T0 + 24 * 3_600_000)
        await one.counted()
        assert one.receipts.usage() == (0, 0)
        assert await one.receipts.find(None, made.id) is None


async def test_nothing_is_left_of_what_was_settled_and_forgotten(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        made = [in_shard(shard, delay=delay) for shard in range(SHARDS) for delay in (0, 5)]
        await one.accept(*made)
        one.queue.release(await one.lease(), due_at=T0 + 9)
        held = await one.lease(now=T0 + 10)
        assert len(held) == len(made)
        await one.settle(*held)
        await one.receipts.trim(now=T0 + 48 * 3_600_000)
        keys = await one.shards.line.send("KEYS", f"{redis_options.prefix}:*").wait()
        left = [key.decode().rpartition("}:")[2] for key in keys]
        assert {key.partition(":")[0] for key in left} == {"seq", "figures", "owner", "priorities"}


async def test_a_queue_that_was_tampered_with_is_away_and_ends_nothing(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (one,):
        await one.owns(*range(SHARDS))
        key = f"{one.shards.keys.shard(0)}:m"
        await one.shards.line.send("SET", key, "no hash").wait()
        with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
            await one.accept(in_shard(0))
        with pytest.raises(StoreUnavailable):
            await one.counted()
        await one.shards.line.send("DEL", key).wait()
        await one.accept(in_shard(0))
        assert len(await one.lease()) == 1
