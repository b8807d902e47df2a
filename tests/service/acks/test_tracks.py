"""Inboxes with acks: what the cursor does, and what it passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.model.dead_letter import Stage
from notifyd.model.ids import DEFAULT_CLIENT, NotificationId
from notifyd.model.receipt import InboxState
from notifyd.store.options import InboxLimits
from tests.service.acks.house import ACK_SECONDS, House, sent
from tests.service.node import LIMITS, endings

if TYPE_CHECKING:
    from trio.testing import MockClock


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


async def test_an_inbox_by_ones_gives_up_before_it_goes_on(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer, max_unacked=1)
    for _ in range(2):
        await house.node.tell("alice")
    await house.node.dispatch()
    for _ in range(3):
        await house.nack(peer, 1)
        await trio.sleep(10)
    assert sent(peer) == "1 1*2 1*3 2"
    assert [letter.reason for letter in await house.letters()] == ["nacked"]


async def test_what_no_connection_of_a_user_acks_is_dead_and_passed(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    identifier = await house.node.tell("alice")
    await house.node.dispatch()
    await trio.sleep(20 * ACK_SECONDS)
    assert sent(peer) == "1 1*2 1*3"
    (letter,) = await house.letters()
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
    assert await house.letters() == []
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
    assert len(await house.letters()) == 1
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
    assert await house.letters() == []


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
    assert (sent(acking), await house.letters()) == ("1 2 3 4 6", [])


async def test_what_expires_before_a_user_acks_it_is_expired(house: House, autojump_clock: MockClock) -> None:
    peer = house.node.link()
    house.node.connector.enter(peer, house.node.connector.token_principal(house.node.token("alice")))
    house.receive_inbox(peer)
    identifier = await house.node.tell("alice", ttl_ms=250)
    accepted = now_ms()
    await house.node.dispatch()
    while now_ms() <= accepted + 250:
        await trio.lowlevel.checkpoint()
    await trio.sleep(20 * ACK_SECONDS)
    receipt = await house.node.broker.receipts.find(None, NotificationId(identifier))
    assert receipt is not None
    assert ([row.state for row in receipt.users], await house.letters()) == ([InboxState.EXPIRED], [])
