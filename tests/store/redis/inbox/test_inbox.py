from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import State
from notifyd.model.receipt import InboxState
from notifyd.model.restarted import Restarted
from notifyd.store.history_ports import StreamsUnavailable
from notifyd.store.ports import Lease, Outcome
from tests.redislink.waiting import until
from tests.store.redis.inbox.boxes import ANNA, BERT, CORA, nodes
from tests.store.samples import T0, for_users

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions


async def test_what_one_node_places_is_news_of_all_that_attend(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (book, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        placed = await one.publish(for_users(ANNA, BERT), for_users(ANNA))
        assert [(each.user_id, each.inbox.offset) for each in placed if each.inbox] == [(ANNA, 1), (BERT, 1), (ANNA, 2)]
        assert book.places == [(each.notification.id, each.user_id, each.inbox.offset) for each in placed if each.inbox]
        assert one.since().publications == placed[::2]
        for node in (one, two):
            assert await node.get(2) == placed[::2]
            assert node.since().publications == placed[::2]


async def test_who_attends_late_has_all_that_is_kept_and_no_news_of_it(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        placed = await one.to(ANNA, count=500)
        with pytest.raises(StoreUnavailable, match="not at hand"):
            two.since()
        await two.attend(ANNA)
        assert two.since().publications == placed
        again = await one.to(ANNA)
        assert await two.get(1) == again


async def test_where_one_inbox_cannot_be_reached_the_clients_own_stream_is_away(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (_, (node,)):
        await node.attend(ANNA, BERT)
        foreign = node.link.keys.inbox(DEFAULT_CLIENT, CORA).meta
        await node.link.line("test").send("SET", foreign, "mine").wait()
        waiting = for_users(ANNA, CORA, BERT)
        with pytest.raises(StreamsUnavailable) as caught:
            await node.publish(waiting)
        assert caught.value.streams == {(DEFAULT_CLIENT, "")}
        await node.link.line("test").send("DEL", foreign).wait()
        placed = await node.publish(waiting, for_users(ANNA))
        assert [(each.user_id, each.inbox.offset) for each in placed if each.inbox] == [
            (ANNA, 1),
            (CORA, 1),
            (BERT, 1),
            (ANNA, 2),
        ]


async def test_a_user_who_is_unknown_has_an_epoch_that_stays(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        position = one.at(0)
        assert position == two.at(0)
        assert one.inbox.info(DEFAULT_CLIENT, ANNA) is None
        placed = await two.to(ANNA)
        assert await one.get(1) == placed
        assert one.inbox.since(DEFAULT_CLIENT, ANNA, position, now=T0).publications == placed


async def test_what_was_placed_is_not_placed_again(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        await one.attend(ANNA)
        once = for_users(ANNA, BERT)
        first = await one.publish(once)
        again = await two.publish(once)
        assert [each.inbox for each in again] == [each.inbox for each in first]
        assert one.kept() == [once.id]


async def test_what_is_too_long_for_a_message_is_read_instead(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2, max_user_bytes=1 << 24) as (_, (one, two)):
        await two.attend(ANNA)
        placed = await one.publish(*[for_users(ANNA, data=b'"' + b"x" * 100_000 + b'"') for _ in range(12)])
        assert await two.get(12) == placed


async def test_one_for_very_many_is_kept_without_the_names_of_others(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        await one.publish(for_users(ANNA, *[f"user{number}" for number in range(99)], connections=["c1"]))
        await two.attend(ANNA)
        (kept,) = two.since().publications
        assert (kept.notification.users, kept.notification.connections) == ((ANNA,), ())


async def test_a_cursor_is_seen_by_all_and_its_arrivals_are_told_once(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (book, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        placed = await one.to(ANNA, count=4)
        await two.get(4)
        # both hear in one moment that it arrived: two of the same user's connections
        assert one.advance(3) == 3
        assert two.advance(2) == 2
        await one.inbox.written().wait()
        await two.inbox.written().wait()
        await until(lambda: two.cursor() == 3)
        assert two.advance(3) == 0
        assert two.advance(4) == 1
        await two.inbox.written().wait()
        await until(lambda: one.cursor() == 4)
        assert book.events == [(each.notification.id, "arrived", ANNA) for each in placed]
        assert one.kept() == two.kept() == []


async def test_a_cursor_that_is_not_told_yet_outlives_the_memory(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (_, (node,)):
        await node.attend(ANNA)
        await node.to(ANNA, count=2)
        node.advance(2)
        mirror = node.inbox._mirrors.find((DEFAULT_CLIENT, ANNA))
        assert mirror is not None
        mirror.stop()
        await node.attend(ANNA)
        assert node.cursor() == 2


async def test_what_is_given_up_is_so_everywhere(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 3) as (book, (one, two, late)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        placed = await one.to(ANNA, count=2)
        await two.get(2)
        assert one.inbox.give_up(DEFAULT_CLIENT, ANNA, one.at(1))
        await one.inbox.written().wait()
        await until(lambda: len(two.kept()) == 1)
        assert not two.inbox.give_up(DEFAULT_CLIENT, ANNA, two.at(1))
        await late.attend(ANNA)
        assert late.kept() == [placed[1].notification.id]
        assert late.advance(2) == 1
        assert late.inbox.arrived_late(DEFAULT_CLIENT, ANNA, late.at(1), now=T0)
        await late.inbox.written().wait()
        # asking it whether it arrived late would say so once more, where it has not heard of it yet
        await until(lambda: one.ended(1) is InboxState.DELIVERED)
        assert not one.inbox.arrived_late(DEFAULT_CLIENT, ANNA, one.at(1), now=T0)
        first = placed[0].notification.id
        assert book.ends == [(first, ANNA, InboxState.DEAD), (first, ANNA, InboxState.DELIVERED)]


async def test_what_died_as_a_whole_is_left_out_and_gets_another_place(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        once = for_users(ANNA)
        await one.publish(once)
        await two.get(1)
        one.inbox.settled([Outcome(Lease(once, 0, 1), State.DEAD)])
        assert one.kept() == []
        assert one.since().skipped == 1
        (again,) = await one.publish(once)
        assert again.inbox == one.at(2)
        await two.get(1)
        assert (two.kept(), two.since().skipped) == ([once.id], 1)


async def test_the_bounds_of_a_user_hold_on_every_node(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2, max_notifications=2) as (book, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        placed = []
        for _ in range(3):
            placed += await one.to(ANNA)
            await two.get(1)
        kept = [each.notification.id for each in placed[1:]]
        assert one.kept() == two.kept() == kept
        assert book.ends == [(placed[0].notification.id, ANNA, InboxState.EVICTED)]
        assert (one.counters.inbox_evicted, two.counters.inbox_evicted) == (1, 0)


async def test_a_removed_user_begins_anew_on_every_node(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        once = for_users(ANNA, BERT)
        await one.publish(once)
        await two.get(1)
        epoch = one.at(0).epoch
        assert await one.inbox.forget(DEFAULT_CLIENT, ANNA) == 1
        assert await two.get(1) == [Restarted(DEFAULT_CLIENT, user_id=ANNA)]
        assert [each.user_id for each in await two.publish(once)] == [BERT]
        (fresh,) = await two.to(ANNA)
        assert await two.get(1) == [fresh]
        assert one.at(1) == two.at(1) == fresh.inbox
        assert one.at(1).epoch != epoch
        assert await two.inbox.forget(DEFAULT_CLIENT) == 2
        assert await one.inbox.inboxes() == []


async def test_figures_and_lists_are_those_of_all_nodes(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        await one.to(ANNA, count=3)
        await two.to(BERT, CORA)
        await two.attend(ANNA)
        two.advance(2)
        await one.inbox.refresh()
        assert one.inbox.usage() == (3, 5, sum([207] * 5))
        await two.inbox.tell()
        infos = await one.inbox.inboxes()
        assert [(each.user_id, each.notifications, each.undelivered) for each in infos] == [
            (ANNA, 3, 1),
            (BERT, 1, 1),
            (CORA, 1, 1),
        ]
        assert infos[0].position == two.at(3)


async def test_names_may_hold_any_character(redis_options: RedisOptions) -> None:
    names = ["a/b", "{x}", "50%", "*?[z]\\", "日本", "%2F"]
    async with nodes(redis_options) as (_, (node,)):
        await node.publish(for_users(*names))
        assert [each.user_id for each in await node.inbox.inboxes()] == sorted(names)
        assert [each.user_id for each in await node.inbox.inboxes(prefix="*?[")] == ["*?[z]\\"]


async def test_an_inbox_whose_first_answer_was_lost_is_in_the_index(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (one, two)):
        once = for_users(ANNA)
        await one.publish(once)
        index = one.link.keys
        for part in range(4):
            one.link.line("upkeep").send("DEL", *index.inbox_index(part))
        assert await two.inbox.inboxes() == []
        await two.publish(once)
        assert [each.user_id for each in await one.inbox.inboxes()] == [ANNA]
