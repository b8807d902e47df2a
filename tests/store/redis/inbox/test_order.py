"""Whatever of Redis's answers and messages comes first, no node goes back behind what it has known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.receipt import InboxState
from tests.redislink.waiting import until
from tests.store.redis.gates import Gate, hold_back, slow_down
from tests.store.redis.inbox.boxes import ANNA, nodes

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions
    from tests.store.redis.inbox.boxes import Node


def epoch_of(node: Node) -> str:
    return node.inbox.position(DEFAULT_CLIENT, ANNA).epoch


async def test_what_is_placed_before_the_user_was_removed_does_not_come_back(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, other)):
        answers = Gate()
        slow_down(one.link.line("inbox"), ["place"], answers)
        await one.attend(ANNA)
        await other.attend(ANNA)
        await other.to(ANNA)
        await until(lambda: len(one.kept()) == 1)
        await other.inbox.forget(DEFAULT_CLIENT, ANNA)
        await until(lambda: epoch_of(one) == epoch_of(other))
        answers.shut()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.to, ANNA)
            await until(lambda: len(answers) == 1 and len(one.kept()) == len(other.kept()) == 1)
            await other.inbox.forget(DEFAULT_CLIENT, ANNA)
            await until(lambda: epoch_of(one) == epoch_of(other) and not one.kept())
            answers.open()
        assert epoch_of(one) == epoch_of(other)
        assert one.kept() == []


async def test_one_that_has_arrived_late_is_not_dead_again(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, other)):
        news = Gate()
        lives = hold_back(other.link.listener, news)
        await one.attend(ANNA)
        await one.to(ANNA)
        await other.attend(ANNA)
        await until(lambda: len(other.kept()) == 1 and len(lives) == 1)
        news.shut()
        assert one.inbox.give_up(DEFAULT_CLIENT, ANNA, one.at(1))
        await one.inbox.written().wait()
        assert one.inbox.arrived_late(DEFAULT_CLIENT, ANNA, one.at(1), now=0)
        await one.inbox.written().wait()
        await until(lambda: len(news) >= 2)
        # as after another connection
        lives[0]()
        await until(lambda: other.ended(1) is InboxState.DELIVERED)
        while len(news):
            news.let_one()
            assert other.ended(1) is InboxState.DELIVERED


async def test_what_was_read_before_the_user_was_removed_does_not_come_back(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (_, (one,)):
        looks, news = Gate(), Gate()
        slow_down(one.link.line("mirrors"), ["read"], looks)
        lives = hold_back(one.link.listener, news)
        await one.attend(ANNA)
        await one.to(ANNA)
        await until(lambda: len(one.kept()) == 1 and len(lives) == 1)
        looks.shut()
        news.shut()
        lives[0]()
        await until(lambda: len(looks) == 1)
        assert await one.inbox.forget(DEFAULT_CLIENT, ANNA) == 1
        assert one.kept() == []
        looks.let_one()
        await until(lambda: len(looks) == 1)
        assert one.kept() == []
        looks.open()
        news.open()
        await one.to(ANNA)
        await until(lambda: len(one.kept()) == 1)
