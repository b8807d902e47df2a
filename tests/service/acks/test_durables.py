"""Subscriptions that outlive their connections, and dead letters that are put back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from msgspec.structs import replace

from notifyd.errors import Conflict, NotFound
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.durable import DurableKey
from notifyd.model.ids import DEFAULT_CLIENT
from tests.service.acks.house import ACK_SECONDS, House, sent
from tests.service.node import endings

if TYPE_CHECKING:
    from trio.testing import MockClock


async def test_a_durable_one_goes_on_where_it_was_left(house: House, autojump_clock: MockClock) -> None:
    first = house.node.connect()
    house.subscribe(first, durable="worker")
    await house.node.published(count=3)
    await house.ack(first, 1, 3)
    house.node.connector.leave(first)
    await house.node.published()
    second = house.node.connect()
    opened = house.subscribe(second, durable="worker")
    assert (opened.recovered, opened.pending) == (True, 2)
    assert sent(second) == "2 4"


async def test_what_one_ack_or_refusal_changes_is_written_once(
    house: House, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=4)
    durables, puts = house.node.broker.durables, list[int]()
    put = durables.put
    monkeypatch.setattr(durables, "put", lambda state, *, now: puts.append(state.floor) or put(state, now=now))
    await house.acks.nack(peer, [house.ids[3], house.ids[4]])
    assert puts == [0]
    await house.ack(peer, 1, 2, 3)
    assert puts == [0, 3]
    assert [state.attempts for state in await durables.states()] == [((4, 1),)]


async def test_two_connections_of_one_durable_share_their_acks(house: House, autojump_clock: MockClock) -> None:
    first, second = house.node.connect(), house.node.connect()
    house.subscribe(first, durable="worker")
    house.subscribe(second, durable="worker")
    await house.node.published()
    assert (sent(first), sent(second)) == ("1", "1")
    await house.ack(first, 1)
    await trio.sleep(20 * ACK_SECONDS)
    assert (sent(first), sent(second)) == ("1", "1")
    assert await house.letters() == []


async def test_who_was_outrun_does_not_put_a_durable_back_to_where_it_was(
    house: House, autojump_clock: MockClock
) -> None:
    outrun, fresh, third = (house.node.connect() for _ in range(3))
    house.subscribe(outrun, durable="worker")
    for _ in range(15):
        await house.node.published(count=4)
    assert sent(outrun) == "1 2 3 4"
    assert house.subscribe(fresh, durable="worker").recovered is False
    assert endings(outrun) == [SLOW_CONSUMER]
    await house.node.published(count=2)
    assert await house.ack(fresh, 61) == 1
    house.node.connector.leave(outrun)
    assert house.subscribe(third, durable="worker").recovered is True
    assert sent(third) == "62"
    house.node.connector.leave(fresh)
    house.node.connector.leave(third)
    assert [view.position.offset for view in await house.acks.durables()] == [61]


async def test_the_durable_of_a_user_is_not_that_of_a_key(house: House, autojump_clock: MockClock) -> None:
    alice = house.node.user("alice")
    house.subscribe(alice, "open.news", durable="worker")
    await house.node.published("open.news", count=2)
    other = house.node.connect()
    assert house.subscribe(other, "open.news", durable="worker").recovered is None
    assert {view.key.owner for view in await house.acks.durables()} == {"", "user/alice"}


async def test_a_durable_in_use_is_not_removed(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    key = DurableKey(DEFAULT_CLIENT, "news", "", "worker")
    with pytest.raises(Conflict):
        await house.acks.remove_durable(key)
    house.node.connector.leave(peer)
    await house.acks.remove_durable(key)
    assert await house.acks.durables() == []
    with pytest.raises(NotFound):
        await house.acks.remove_durable(key)


async def test_a_dead_letter_is_put_back_to_who_did_not_ack(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=2)
    await house.ack(peer, 2)
    await trio.sleep(20 * ACK_SECONDS)
    (letter,) = await house.letters()
    await house.acks.redeliver(letter)
    assert sent(peer).endswith("1*3 1")
    assert await house.ack(peer, 1) == 1


async def test_a_dead_letter_waits_for_its_durable_to_be_used_again(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=2)
    await house.ack(peer, 2)
    await trio.sleep(20 * ACK_SECONDS)
    house.node.connector.leave(peer)
    await house.acks.redeliver((await house.letters())[0])
    again = house.node.connect()
    assert [view.pending for view in await house.acks.durables()] == [1]
    assert house.subscribe(again, durable="worker").pending == 1
    assert sent(again) == "1"


async def test_no_more_dead_letters_are_put_back_at_once_than_may_be_open(
    house: House, autojump_clock: MockClock
) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=6)
    await trio.sleep(40 * ACK_SECONDS)
    letters = sorted(await house.letters(), key=lambda letter: letter.offset)
    assert len(letters) == 6
    house.node.connector.leave(peer)
    again, late = house.node.connect(), house.node.connect()
    for letter in letters[:5]:
        await house.acks.redeliver(letter)
    house.subscribe(again, durable="worker")
    assert sent(again) == "1 2 3 4"
    assert await house.ack(again, 1, 2) == 2
    assert sent(again) == "1 2 3 4 5"
    await house.acks.redeliver(letters[5])
    assert sent(again) == "1 2 3 4 5 6"
    house.subscribe(late, durable="worker")
    assert sent(late) == "3 4 5 6"


async def test_what_another_node_has_settled_is_not_sent_again(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=4)
    (state,) = await house.node.broker.durables.states()
    house.acks.house.registry.take_over(replace(state, floor=2, settled=(4,)))
    assert house.acks.unacked == 1
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1 2 3 4 3*2 3*3"


async def test_what_another_node_has_put_back_is_delivered_here_too(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=2)
    await house.ack(peer, 1, 2)
    (state,) = await house.node.broker.durables.states()
    house.acks.house.registry.take_over(replace(state, attempts=((1, 0),)))
    assert sent(peer) == "1 2 1"
    # and is settled there again
    house.acks.house.registry.take_over(state)
    assert house.acks.unacked == 0


async def test_what_is_told_of_another_epoch_means_nothing(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=1)
    (state,) = await house.node.broker.durables.states()
    house.acks.house.registry.take_over(replace(state, epoch="other", floor=9))
    assert house.acks.unacked == 1
