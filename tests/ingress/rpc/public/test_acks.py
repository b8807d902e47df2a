"""Acks and presence for applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from notifyd.v1 import client_pb2 as pb
from tests.ingress.rpc.public.house import ADMIN, with_key, with_token

if TYPE_CHECKING:
    from tests.ingress.rpc.public.house import PublicHouse

in_thread = trio.to_thread.run_sync


def with_acks(*channels: str, **options: Any) -> pb.SubscribeRequest:
    return pb.SubscribeRequest(
        channels=[pb.ChannelPosition(channel=channel, ack=True) for channel in channels], **options
    )


async def test_a_key_acks_what_it_is_sent(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    stream = house.open("Subscribe", with_acks("news"), shown)
    connection_id = (await in_thread(next, stream)).started.connection_id
    await house.publish(shown, channel="news")
    identifier = (await in_thread(next, stream)).publication.id
    request = pb.AckRequest(connection_id=connection_id, ids=[identifier, "nothing"])
    answer = await house.ask("Ack", request, shown)
    assert (answer.acked, list(answer.unknown)) == (1, ["nothing"])
    assert (await house.settled(identifier, shown)).acked == 1
    stream.cancel()


async def test_what_is_refused_comes_again(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    stream = house.open("Subscribe", with_acks("news"), shown)
    connection_id = (await in_thread(next, stream)).started.connection_id
    await house.publish(shown, channel="news")
    first = (await in_thread(next, stream)).publication
    await house.ask("Ack", pb.AckRequest(connection_id=connection_id, ids=[first.id], nack=True), shown)
    again = (await in_thread(next, stream)).publication
    assert (again.id, first.attempt, again.attempt) == (first.id, 1, 2)
    stream.cancel()


async def test_only_who_opened_the_stream_acks_for_it(house: PublicHouse) -> None:
    stream = house.open("Subscribe", with_acks("news"), with_key(await house.node.key()))
    connection_id = (await in_thread(next, stream)).started.connection_id
    request = pb.AckRequest(connection_id=connection_id, ids=["a"])
    for other in (with_key(await house.node.key()), with_token(house.node.token("ann"))):
        assert (await house.refusal("Ack", request, other)).code == "connection_not_found"
    assert list((await house.ask("Ack", request, ADMIN)).unknown) == ["a"]
    stream.cancel()


async def test_an_inbox_with_acks_goes_on_where_it_was_acked(house: PublicHouse) -> None:
    shown = with_token(house.node.token("ann"))
    for number in range(2):
        accepted = await house.publish(ADMIN, str(number), users=("ann",))
        await house.settled(accepted.notification_id)
    stream = house.open("Subscribe", pb.SubscribeRequest(ack_inbox=True), shown)
    opening = (await in_thread(next, stream)).started
    assert (opening.channel, opening.replayed) == ("", 2)
    first = (await in_thread(next, stream)).publication
    await house.ask("Ack", pb.AckRequest(connection_id=opening.connection_id, ids=[first.id]), shown)
    assert (await house.settled(first.id)).arrived == 1
    stream.cancel()
    stream = house.open("Subscribe", pb.SubscribeRequest(ack_inbox=True), shown)
    assert (await in_thread(next, stream)).started.replayed == 1
    stream.cancel()


async def test_acks_of_an_inbox_are_for_who_has_one(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    assert (await house.refusal("Subscribe", with_acks("news", ack_inbox=True), shown)).status == "INVALID_ARGUMENT"


async def test_a_subscriber_may_ask_who_is_there(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    connection = house.node.user("alice", "open.1")
    found = await house.ask("GetPresence", pb.PresenceRequest(channel="open.1"), shown)
    assert (found.channel, found.member_count, found.subscriber_count) == ("open.1", 1, 1)
    assert [(member.user_id, list(member.connection_ids)) for member in found.members] == [("alice", [connection.id])]
    assert (await house.refusal("GetPresence", pb.PresenceRequest(channel="closed"), shown)).code == "presence_off"
    narrow = with_key(await house.node.key("subscribe:news"))
    assert (await house.refusal("GetPresence", pb.PresenceRequest(channel="open.1"), narrow)).code == "scope_missing"


async def test_an_operator_is_told_whatever_the_rule_says(house: PublicHouse) -> None:
    house.node.user("alice", "closed")
    assert (await house.ask("GetPresence", pb.PresenceRequest(channel="closed"), ADMIN)).member_count == 1
