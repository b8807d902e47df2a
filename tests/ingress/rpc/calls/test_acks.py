"""Listening with acks over the admin socket, and durable subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import published, tell
from tests.ingress.rpc.node import collect, end_of, until

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House

in_thread = trio.to_thread.run_sync


def listen(house: House, *channels: str, **options: Any) -> Any:
    wanted = [pb.ChannelSince(channel=channel) for channel in channels]
    return house.stub.Listen(pb.ListenRequest(channels=wanted, ack=True, **options))


async def ack(house: House, connection_id: str, *ids: str, **options: Any) -> pb.AckDeliveriesResponse:
    return await house.ask("AckDeliveries", pb.AckDeliveriesRequest(connection_id=connection_id, ids=ids, **options))


async def test_what_is_sent_is_acked_by_a_call_of_its_own(house: House) -> None:
    stream = listen(house, "news")
    connection_id = (await in_thread(next, stream)).subscribed.connection_id
    await published(house, "news", "1")
    delivery = (await in_thread(next, stream)).publication
    assert delivery.attempt == 1
    answers = [await ack(house, connection_id, delivery.id, "nothing") for _ in range(2)]
    assert [(answer.acked, list(answer.unknown)) for answer in answers] == [(1, ["nothing"]), (0, ["nothing"])]
    receipt = await house.ask("GetNotification", pb.GetNotificationRequest(id=delivery.id))
    assert (receipt.acked, [event.event for event in receipt.timeline][-1]) == (1, "acked")
    stream.cancel()


async def test_what_is_refused_comes_again_and_dies_in_the_end(house: House) -> None:
    stream = listen(house, "news")
    connection_id = (await in_thread(next, stream)).subscribed.connection_id
    await published(house, "news", "1")
    for attempt in (1, 2):
        delivery = (await in_thread(next, stream)).publication
        assert delivery.attempt == attempt
        assert (await ack(house, connection_id, delivery.id, nack=True, reason="no room")).acked == 1
    listed = await house.ask("ListDeadLetters", pb.ListDeadLettersRequest())
    (letter,) = listed.dead_letters
    assert (letter.stage, letter.reason, letter.error, letter.connection_id) == (
        "subscription", "nacked", "no room", connection_id,
    )  # fmt: skip
    again = await house.ask("RetryDeadLetters", pb.RetryDeadLettersRequest(ids=[letter.id]))
    assert again.retried == 1
    assert (await in_thread(next, stream)).publication.id == delivery.id
    stream.cancel()


async def test_an_inbox_in_the_place_of_its_user(house: House) -> None:
    for number in range(2):
        await tell(house, "alice", data_json=str(number))
    await until(lambda: len(house.node.inboxes.kept("default", "alice").publications) == 2)
    stream = listen(house, user_id="alice", ack_inbox=True, max_unacked=1)
    opening = (await in_thread(next, stream)).subscribed
    assert (opening.channel, opening.replayed) == ("", 2)
    for number in range(2):
        delivery = (await in_thread(next, stream)).publication
        assert (delivery.data_json, delivery.user_id) == (str(number), "alice")
        assert (await ack(house, opening.connection_id, delivery.id)).acked == 1
    assert not house.node.inboxes.kept("default", "alice").publications
    assert house.node.inboxes.online("default", "alice")
    stream.cancel()
    await until(lambda: not house.hub.connection_count)


async def test_acks_of_an_inbox_need_its_user(house: House) -> None:
    assert (await end_of(listen(house, "news", ack_inbox=True))).code == "invalid_user"


async def test_a_durable_subscription_goes_on_where_it_was(house: House) -> None:
    stream = listen(house, "news", durable="audit")
    opening = (await in_thread(next, stream)).subscribed
    for number in range(3):
        await published(house, "news", str(number))
    first, *_ = [event.publication for event in await in_thread(collect, stream, 3)]
    await ack(house, opening.connection_id, first.id)
    refused = await house.refusal("RemoveDurable", pb.RemoveDurableRequest(channel="news", name="audit"))
    assert refused.code == "durable_in_use"
    stream.cancel()
    await until(lambda: not house.hub.connection_count)

    stream = listen(house, "news", durable="audit")
    opening = (await in_thread(next, stream)).subscribed
    assert (opening.recovered, opening.replayed) == (True, 2)
    assert [event.publication.data_json for event in await in_thread(collect, stream, 2)] == ["1", "2"]
    stream.cancel()
    await until(lambda: not house.hub.connection_count)

    (view,) = (await house.ask("ListDurable", pb.ListDurableRequest())).subscriptions
    assert (view.client_id, view.channel, view.name, view.user_id) == ("default", "news", "audit", "")
    assert (view.position.offset, view.pending, view.unacked, view.connections) == (1, 2, 0, 0)
    removed = await house.ask("RemoveDurable", pb.RemoveDurableRequest(channel="news", name="audit"))
    assert removed.name == "audit"
    assert not (await house.ask("ListDurable", pb.ListDurableRequest())).subscriptions


async def test_a_name_is_for_who_acks(house: House) -> None:
    wanted = [pb.ChannelSince(channel="news")]
    refusal = await end_of(house.stub.Listen(pb.ListenRequest(channels=wanted, durable="audit")))
    assert refusal.code == "invalid_durable"


async def test_acks_name_a_connection_and_what_they_are_about(house: House) -> None:
    request = pb.AckDeliveriesRequest(connection_id="nobody", ids=["a"])
    assert (await house.refusal("AckDeliveries", request)).code == "connection_not_found"
    refusal = await house.refusal("AckDeliveries", pb.AckDeliveriesRequest(connection_id="nobody"))
    assert refusal.status == "INVALID_ARGUMENT"
