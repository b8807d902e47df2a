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
from notifyd.model.receipt import InboxState
from notifyd.model.timeline import Happening
from notifyd.store.options import DurableLimits, InboxLimits
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
    (letter,) = house.letters()
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
    assert len(house.letters()) == 1
    assert await house.ack(peer, 1) == 1
    assert await house.ack(peer, 1) == 0
    assert house.letters() == []


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


async def test_a_refusal_is_sent_again_and_told(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    for _ in range(3):
        assert await house.nack(peer, 1, "no room") == 1
        await trio.sleep(10)
    (letter,) = house.letters()
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
    started = now_ms()
    await house.node.published(ttl_ms=30)
    while now_ms() < started + 30:
        await trio.lowlevel.checkpoint()
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1"
    assert house.letters() == []


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
    assert [state.attempts for state in durables.states()] == [((4, 1),)]


async def test_two_connections_of_one_durable_share_their_acks(house: House, autojump_clock: MockClock) -> None:
    first, second = house.node.connect(), house.node.connect()
    house.subscribe(first, durable="worker")
    house.subscribe(second, durable="worker")
    await house.node.published()
    assert (sent(first), sent(second)) == ("1", "1")
    await house.ack(first, 1)
    await trio.sleep(20 * ACK_SECONDS)
    assert (sent(first), sent(second)) == ("1", "1")
    assert house.letters() == []


async def test_the_durable_of_a_user_is_not_that_of_a_key(house: House, autojump_clock: MockClock) -> None:
    alice = house.node.user("alice")
    house.subscribe(alice, "open.news", durable="worker")
    await house.node.published("open.news", count=2)
    other = house.node.connect()
    assert house.subscribe(other, "open.news", durable="worker").recovered is None
    assert {view.key.owner for view in house.acks.durables()} == {"", "user/alice"}


async def test_a_durable_in_use_is_not_removed(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    key = DurableKey(DEFAULT_CLIENT, "news", "", "worker")
    with pytest.raises(Conflict):
        await house.acks.remove_durable(key)
    house.node.connector.leave(peer)
    await house.acks.remove_durable(key)
    assert house.acks.durables() == []
    with pytest.raises(NotFound):
        await house.acks.remove_durable(key)


async def test_a_dead_letter_is_put_back_to_who_did_not_ack(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=2)
    await house.ack(peer, 2)
    await trio.sleep(20 * ACK_SECONDS)
    (letter,) = house.letters()
    house.acks.redeliver(letter)
    assert sent(peer).endswith("1*3 1")
    assert await house.ack(peer, 1) == 1


async def test_a_dead_letter_waits_for_its_durable_to_be_used_again(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=2)
    await house.ack(peer, 2)
    await trio.sleep(20 * ACK_SECONDS)
    house.node.connector.leave(peer)
    house.acks.redeliver(house.letters()[0])
    again = house.node.connect()
    assert [view.pending for view in house.acks.durables()] == [1]
    assert house.subscribe(again, durable="worker").pending == 1
    assert sent(again) == "1"


async def test_no_more_dead_letters_are_put_back_at_once_than_may_be_open(
    house: House, autojump_clock: MockClock
) -> None:
    peer = house.node.connect()
    house.subscribe(peer, durable="worker")
    await house.node.published(count=6)
    await trio.sleep(40 * ACK_SECONDS)
    letters = sorted(house.letters(), key=lambda letter: letter.offset)
    assert len(letters) == 6
    house.node.connector.leave(peer)
    again, late = house.node.connect(), house.node.connect()
    for letter in letters[:5]:
        house.acks.redeliver(letter)
    house.subscribe(again, durable="worker")
    assert sent(again) == "1 2 3 4"
    assert await house.ack(again, 1, 2) == 2
    assert sent(again) == "1 2 3 4 5"
    house.acks.redeliver(letters[5])
    assert sent(again) == "1 2 3 4 5 6"
    house.subscribe(late, durable="worker")
    assert sent(late) == "3 4 5 6"


async def test_what_belonged_to_a_connection_ends_with_it(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.connect()
    house.subscribe(peer)
    await house.node.published()
    await trio.sleep(20 * ACK_SECONDS)
    house.node.connector.leave(peer)
    with pytest.raises(Conflict):
        house.acks.redeliver(house.letters()[0])


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


async def test_an_inbox_with_acks_moves_by_acks_alone(house: House, autojump_clock: MockClock) -> None:
    token = house.node.token("alice")
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(token))
    house.receive_inbox(peer)
    await house.node.tell("alice")
    await house.node.tell("alice")
    await house.node.dispatch()
    assert sent(peer) == "1 2"
    assert peer.link.marks == []  # type: ignore[attr-defined]
    assert await house.ack(peer, 2) == 2
    info = house.node.inboxes.info(DEFAULT_CLIENT, house.node.connector.token_principal(token).user_id)
    assert info is not None
    assert info.cursor == 2


async def test_what_no_connection_of_a_user_acks_is_dead_and_passed(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    identifier = await house.node.tell("alice")
    await house.node.dispatch()
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1 1*2 1*3"
    (letter,) = house.letters()
    assert (letter.stage, letter.user_id) == (Stage.INBOX, "alice")
    receipt = await house.node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert ([row.state for row in receipt.users], receipt.arrived) == ([InboxState.DEAD], 0)
    again = house.node.user("alice")
    assert sent(again) == ""


async def test_what_was_given_up_may_arrive_late_at_a_user(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    identifier = await house.node.tell("alice")
    await house.node.dispatch()
    await trio.sleep(20 * ACK_SECONDS)
    assert [await house.ack(peer, 1), await house.ack(peer, 1)] == [1, 0]
    assert house.letters() == []
    receipt = await house.node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert [row.state for row in receipt.users] == [InboxState.DELIVERED]


async def test_one_that_is_given_up_does_not_take_others_with_it(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    for _ in range(2):
        await house.node.tell("alice")
    await house.node.dispatch()
    for _ in range(3):
        await house.nack(peer, 2)
        await trio.sleep(5)
    assert len(house.letters()) == 1
    house.node.connector.leave(peer)
    again = house.node.link()
    house.node.connector.enter(again, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(again)
    assert sent(again) == "1"


async def test_the_proof_of_another_connection_counts(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    other = house.node.user("alice")
    await house.node.tell("alice")
    await house.node.dispatch()
    house.node.inboxes.proven(other, 1)
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1"
    assert house.letters() == []


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


async def test_what_a_bound_of_the_inbox_pushed_out_is_passed(house: House, autojump_clock: MockClock) -> None:
    house.node.broker.configure(replace(LIMITS, inbox=InboxLimits(max_notifications=3)))
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    for _ in range(10):
        await house.node.tell("alice")
        await house.node.dispatch()
    assert sent(peer) == "1 2 3 4"
    await house.ack(peer, 4)
    assert sent(peer) == "1 2 3 4 8 9 10"
    assert endings(peer) == []


async def test_what_a_connection_without_acks_has_proven_is_not_sent_again(
    house: House, autojump_clock: MockClock
) -> None:
    acking, other = house.node.link(), house.node.user("alice")
    house.node.connector.enter(acking, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(acking)
    for _ in range(6):
        await house.node.tell("alice")
    await house.node.dispatch()
    house.node.inboxes.proven(other, 5)
    await trio.sleep(ACK_SECONDS + 1)
    assert sent(acking) == "1 2 3 4 6"
    assert await house.ack(acking, 6) == 1
    await trio.sleep(20 * ACK_SECONDS)
    assert (sent(acking), house.letters()) == ("1 2 3 4 6", [])


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
    assert [view.key.name for view in house.acks.durables()] == ["another"]


async def test_what_expires_before_a_user_acks_it_is_expired(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    started = now_ms()
    identifier = await house.node.tell("alice", ttl_ms=30)
    await house.node.dispatch()
    while now_ms() < started + 40:
        await trio.lowlevel.checkpoint()
    await trio.sleep(20 * ACK_SECONDS)
    receipt = await house.node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert ([row.state for row in receipt.users], house.letters()) == ([InboxState.EXPIRED], [])
