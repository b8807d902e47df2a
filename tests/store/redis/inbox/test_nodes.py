"""A user who is connected to two nodes, with everything that stands behind an inbox."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.errors import Conflict, StoreUnavailable
from notifyd.model.dead_letter import Stage
from notifyd.model.ids import DEFAULT_CLIENT, DeadLetterId
from notifyd.model.notification import State
from notifyd.model.publication import Publication
from notifyd.model.receipt import InboxState
from notifyd.redislink.options import RedisOptions
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.ports import Outcome
from tests.redislink.waiting import until
from tests.store.redis.brokers import daemons
from tests.store.redis.inbox.boxes import ANNA, BERT
from tests.store.samples import attend, for_users, letter, notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import NotificationId
    from notifyd.model.position import StreamPosition
    from notifyd.model.receipt import Receipt
    from notifyd.store.ports import Broker
    from tests.store.redis.brokers import Node
    from tests.valkey import Valkey


def place_of(news: object) -> StreamPosition:
    assert isinstance(news, Publication)
    assert news.inbox is not None
    return news.inbox


async def receipt_of(broker: Broker, notification_id: NotificationId) -> Receipt:
    receipt = await broker.receipts.find(None, notification_id)
    assert receipt is not None
    return receipt


def happenings(receipt: Receipt) -> list[tuple[str, str]]:
    return [(event.happening.value, event.user_id) for event in receipt.timeline]


async def published(node: Node, *users: str) -> NotificationId:
    (accepted,) = await node.accept(for_users(*users, at=now_ms()))
    while (await receipt_of(node.broker, accepted)).state is State.WAITING:  # noqa: ASYNC110 - Redis is asked
        await trio.sleep(0.005)
    return accepted


async def test_what_both_connections_of_a_user_ack_counts_once(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        for node in (one, two):
            await attend(node.broker, users=[ANNA])
            node.broker.news.present(DEFAULT_CLIENT, "", ANNA, 1)
        accepted = await published(one, ANNA, BERT)
        position = place_of((await one.heard(1))[0])
        assert place_of((await two.heard(1))[0]) == position
        for node in (one, two):
            node.broker.inbox.advance(DEFAULT_CLIENT, ANNA, position, now=now_ms())
        for node in (one, two):
            await node.broker.inbox.written().wait()
        for node in (one, two):
            # what a node noted is in every receipt from its next look on
            receipt = await receipt_of(node.broker, accepted)
        receipt = await receipt_of(one.broker, accepted)
        told = [(row.user_id, row.state) for row in receipt.users]
        assert told == [(ANNA, InboxState.DELIVERED), (BERT, InboxState.STORED)]
        assert happenings(receipt).count(("arrived", ANNA)) == 1


async def test_an_ack_on_one_node_is_in_the_receipt_of_the_other_at_once(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        await attend(one.broker, users=[ANNA])
        accepted = await published(two, ANNA)
        position = place_of((await one.heard(1))[0])
        assert one.broker.inbox.advance(DEFAULT_CLIENT, ANNA, position, now=now_ms()) == 1
        # the node that acked knows without having waited
        assert (await receipt_of(one.broker, accepted)).users[0].state is InboxState.DELIVERED
        assert (await receipt_of(two.broker, accepted)).users[0].state is InboxState.DELIVERED


async def test_what_died_on_one_node_is_put_back_on_the_other(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        one.dispatching = two.dispatching = False
        await attend(two.broker, users=[ANNA])
        once = for_users(ANNA, at=now_ms())
        await one.accept(once)
        leases = []
        with trio.fail_after(10):
            while not leases:
                leases = await one.broker.queue.lease(limit=1, lease_seconds=30, now=now_ms())
                leases = leases or await two.broker.queue.lease(limit=1, lease_seconds=30, now=now_ms())
        owner = (
            one if one.broker.queue.ownership.owned() and leases[0].shard in one.broker.queue.ownership.owned() else two
        )
        await owner.broker.history.append(leases, now=now_ms())
        await owner.broker.queue.settle([Outcome(leases[0], State.DEAD, reason="fault")], now=now_ms())
        await until(lambda: two.broker.inbox.since(DEFAULT_CLIENT, ANNA, now=now_ms()).skipped == 1)
        found = await two.broker.dead_letters.find(None, DeadLetterId(once.id))
        assert found is not None
        one.dispatching = two.dispatching = True
        (pending,) = two.broker.dead_letters.requeue([found], [once], now=now_ms())
        await pending.result()
        kept = two.broker.inbox
        await until(lambda: len(kept.since(DEFAULT_CLIENT, ANNA, now=now_ms()).publications) == 1)
        assert await one.broker.dead_letters.letters(DeadLetterQuery(), limit=9) == []
        with trio.fail_after(10):
            while not (rows := (await receipt_of(one.broker, once.id)).users):  # noqa: ASYNC110 - Redis is asked
                await trio.sleep(0.005)
        assert [row.state for row in rows] == [InboxState.STORED]


async def test_a_letter_is_put_back_by_one_of_two(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        died = [letter(for_users(ANNA, at=now_ms()), at=now_ms(), stage=Stage.DISPATCH) for _ in range(20)]
        await one.broker.dead_letters.add(died, now=now_ms()).wait()
        taken: list[str] = []

        async def put_back(node: Node, nth: int) -> None:
            again = [died[nth].notification]
            with suppress(Conflict):
                (pending,) = node.broker.dead_letters.requeue([died[nth]], again, now=now_ms())
                taken.append((await pending.result()).id)

        async with trio.open_nursery() as nursery:
            for nth in range(20):
                for node in (one, two):
                    nursery.start_soon(put_back, node, nth)
        assert sorted(taken) == [each.notification.id for each in died]
        assert await two.broker.dead_letters.count(DeadLetterQuery()) == 0


@pytest.mark.slow
async def test_no_letter_is_lost_when_redis_dies_amid_their_return(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey("--appendonly", "yes", "--appendfsync", "always")
    options = RedisOptions(url=server.unix_url, timeout_seconds=1.0, connect_timeout_seconds=5.0)
    async with daemons(options, options) as (one, two):
        one.dispatching = two.dispatching = False
        died = [letter(notification(f"c{nth}", at=now_ms()), at=now_ms() + nth) for nth in range(200)]
        await one.broker.dead_letters.add(died, now=now_ms()).wait()

        async def put_back(each: DeadLetter) -> None:
            with suppress(StoreUnavailable):
                (pending,) = one.broker.dead_letters.requeue([each], [each.notification], now=now_ms())
                await pending.result()

        async with trio.open_nursery() as nursery:
            for nth, each in enumerate(died):
                nursery.start_soon(put_back, each)
                if nth == 100:
                    while not await two.broker.queue.waiting(limit=1):
                        await trio.lowlevel.checkpoint()
                    server.restart()
        with trio.fail_after(20):
            while True:
                with suppress(StoreUnavailable):
                    left = {each.id for each in await two.broker.dead_letters.letters(DeadLetterQuery(), limit=999)}
                    waiting = {each.id for each in await two.broker.queue.waiting(limit=999)}
                    if len(left) + len(waiting) >= 200:
                        break
                await trio.sleep(0.02)
        assert waiting
        assert left | waiting == {each.id for each in died}
        assert not left & waiting
