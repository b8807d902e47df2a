"""Subscriptions with acks: what is delivered, when it is sent again, and when it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Denied, Invalid, NotAuthenticated, NotFound, StoreUnavailable
from notifyd.model.dead_letter import Stage
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.durable import DurableKey
from notifyd.model.ids import DEFAULT_CLIENT, NotificationId
from notifyd.model.position import StreamPosition
from notifyd.model.timeline import Happening
from notifyd.store.options import DurableLimits
from tests.service.acks.house import ACK_SECONDS, RULES, House, sent
from tests.service.node import LIMITS, OPERATOR, endings

if TYPE_CHECKING:
    from trio.testing import MockClock


async def test_what_is_acked_is_not_sent_again(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published(count=2)
    assert await house.ack(peer, 1, 2) == 2
    await trio.sleep(10 * ACK_SECONDS)
    assert sent(peer) == "1 2"


async def test_what_is_not_acked_is_sent_again_until_the_tries_run_out(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1 1*2 1*3"
    (letter,) = await house.letters()
    assert (letter.stage, letter.reason, letter.attempts) == (Stage.SUBSCRIPTION, "ack_timeout", 3)
    assert letter.connection_id == peer.id
    assert house.deaths.letters == [letter]


async def test_the_receipt_tells_all_of_it(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    identifier = await house.node.publish()
    await house.node.dispatch()
    await trio.sleep(20 * ACK_SECONDS)
    receipt = await house.node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert [event.happening for event in receipt.timeline if event.receiver] == [
        Happening.ACK_TIMED_OUT,
        Happening.REDELIVERED,
        Happening.ACK_TIMED_OUT,
        Happening.REDELIVERED,
        Happening.DEAD,
    ]
    assert receipt.acked == 0


async def test_an_ack_counts_once(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    identifier = await house.node.publish()
    await house.node.dispatch()
    assert await house.ack(peer, 1) == 1
    assert await house.ack(peer, 1) == 0
    receipt = await house.node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert receipt.acked == 1
    assert (house.node.counters.acked, house.node.counters.deliveries) == (1, 1)


async def test_a_late_ack_is_taken_and_what_was_dead_is_so_no_more(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    await trio.sleep(20 * ACK_SECONDS)
    (letter,) = await house.letters()
    assert await house.ack(peer, 1) == 1
    assert await house.ack(peer, 1) == 0
    assert await house.letters() == []
    receipt = await house.node.broker.receipts.find(None, letter.notification_id)
    assert receipt is not None
    assert (receipt.timeline[-1].happening.value, receipt.timeline[-1].attempt) == ("acked", letter.attempts)


async def test_an_ack_of_something_else_is_unknown(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published("other")
    found = await house.acks.ack(peer, ["nothing"])
    assert found.unknown == ("nothing",)


async def test_no_more_is_open_than_may_be_and_the_rest_follows_the_acks(
    house: House, autojump_clock: MockClock
) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published(count=7)
    assert sent(peer) == "1 2 3 4"
    await house.ack(peer, 1, 2)
    assert sent(peer) == "1 2 3 4 5 6"
    await house.ack(peer, 3, 4, 5, 6)
    assert sent(peer) == "1 2 3 4 5 6 7"


async def test_who_wants_few_open_at_once_gets_them_one_after_another(house: House, autojump_clock: MockClock) -> None:
    peer, other = house.node.connect(), house.node.connect()
    house.subscribe(peer, max_unacked=1)
    house.subscribe(other, max_unacked=1000)
    await house.node.published(count=6)
    assert (sent(peer), sent(other)) == ("1", "1 2 3 4")
    await house.ack(peer, 1)
    await house.nack(peer, 2)
    assert sent(peer) == "1 2", "what was refused is open until it is acked or given up"
    house.acks.configure(replace(RULES, max_unacked=5))
    await trio.sleep(10)
    assert sent(peer) == "1 2 2*2", "other rules do not widen what it asked for"


async def test_a_refusal_is_sent_again_and_told(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    for _ in range(3):
        assert await house.nack(peer, 1, "no room") == 1
        await trio.sleep(10)
    (letter,) = await house.letters()
    assert (letter.reason, letter.error) == ("nacked", "no room")
    assert sent(peer) == "1 1*2 1*3"


async def test_it_begins_after_the_position_that_it_brings(house: House, autojump_clock: MockClock) -> None:
    await house.node.published(count=3)
    epoch = house.node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    peer = house.node.connect()
    opened = house.subscribe(peer, since=StreamPosition(epoch, 1))
    assert (opened.recovered, opened.pending, opened.position.offset) == (True, 2, 3)
    assert sent(peer) == "2 3"


async def test_a_position_that_cannot_be_continued_is_told_and_nothing_is_replayed(
    house: House, autojump_clock: MockClock
) -> None:
    await house.node.published(count=3)
    peer = house.node.connect()
    opened = house.subscribe(peer, since=StreamPosition("another", 1))
    assert (opened.recovered, opened.pending) == (False, 0)
    assert sent(peer) == ""


async def test_what_expired_meanwhile_is_not_sent_again(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published(ttl_ms=250)
    accepted = now_ms()
    while now_ms() <= accepted + 250:
        await trio.lowlevel.checkpoint()
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1"
    assert await house.letters() == []


async def test_what_belonged_to_a_connection_ends_with_it(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    await trio.sleep(20 * ACK_SECONDS)
    house.node.connector.leave(peer)
    with pytest.raises(Conflict):
        await house.acks.redeliver((await house.letters())[0])


async def test_unsubscribing_ends_it(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    house.node.subscriber.unsubscribe(peer, "news")
    await house.node.published()
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1"
    assert house.acks.unacked == 0


async def test_who_does_not_read_is_ended_alone(house: House, autojump_clock: MockClock) -> None:
    slow, other = house.node.connect(limit=1), house.node.connect()
    house.subscribe(slow)
    house.subscribe(other)
    await house.node.published()
    await house.node.published()
    assert endings(slow) == [SLOW_CONSUMER]
    assert sent(other) == "1 2"


async def test_who_may_not_subscribe_may_not_with_acks(house: House, autojump_clock: MockClock) -> None:
    key = await house.node.key("subscribe:other")
    peer = await house.node.connect_with(key)
    with pytest.raises(Denied):
        house.subscribe(peer)
    with pytest.raises(NotAuthenticated):
        house.subscribe(house.node.link())
    with pytest.raises(Invalid):
        house.subscribe(house.node.connect(), durable="no such name")


async def test_acks_that_come_another_way_need_the_same_credential(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    assert house.acks.connection_of(peer.id, OPERATOR) is peer
    stranger = house.node.user("alice").principal
    assert stranger is not None
    with pytest.raises(NotFound):
        house.acks.connection_of(peer.id, stranger)


async def test_other_rules_are_for_what_is_open_as_well(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published(count=6)
    assert sent(peer) == "1 2 3 4"
    house.acks.configure(replace(RULES, max_unacked=5))
    await house.ack(peer, 1)
    assert sent(peer) == "1 2 3 4 5 6"


async def test_who_acks_is_told_where_it_cannot_be_kept(house: House, autojump_clock: MockClock) -> None:
    peer, other = house.node.connect(), house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published()
    house.node.broker.configure(replace(LIMITS, durables=DurableLimits(max_count=1)))
    await house.node.broker.durables.remove(DurableKey(DEFAULT_CLIENT, "news", "", "worker"))
    house.subscribe(other, durable="another")
    with pytest.raises(StoreUnavailable):
        await house.ack(peer, 1)
    house.node.connector.leave(peer)
    assert [view.key.name for view in await house.acks.durables()] == ["another"]


async def test_it_is_timed_how_long_an_ack_takes(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    await trio.sleep(ACK_SECONDS / 2)
    assert await house.ack(peer, 1) == 1
    assert await house.ack(peer, 1) == 0
    times = house.node.counters.times.ack
    assert sum(times.counts) == 1
    assert times.total == pytest.approx(ACK_SECONDS / 2)
