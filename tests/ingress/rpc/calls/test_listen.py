"""Listening over the admin socket: position, replay, live, and the ends of it."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from notifyd.model.disconnect import DRAINED, GOING_AWAY, SLOW_CONSUMER
from notifyd.store.options import HistoryLimits
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import PublishRequest, StreamPosition, Target
from tests.ingress.rpc.house import Choices, House, listen, open_house, publish, publish_many, published
from tests.ingress.rpc.node import collect, end_of, until

in_thread = trio.to_thread.run_sync


def since(house: House, channel: str, offset: int, epoch: str) -> Any:
    wanted = pb.ChannelSince(channel=channel, since=StreamPosition(epoch=epoch, offset=offset))
    return house.stub.Listen(pb.ListenRequest(channels=[wanted]))


async def test_the_position_comes_first_and_then_what_is_published(house: House) -> None:
    await published(house, "news", '"before"')
    stream = listen(house, "news")
    opening = await in_thread(next, stream)
    assert (opening.subscribed.channel, opening.subscribed.position.offset) == ("news", 1)
    assert not opening.subscribed.HasField("recovered")
    await publish(house, "news", '"now"', metadata_json='{"m":1}', priority=8)
    event = (await in_thread(next, stream)).publication
    assert (event.data_json, event.metadata_json, event.channel, event.priority) == ('"now"', '{"m":1}', "news", 8)
    assert (event.position.epoch, event.position.offset) == (opening.subscribed.position.epoch, 2)
    stream.cancel()


async def test_what_was_missed_is_replayed(house: House) -> None:
    for number in range(4):
        await published(house, "news", str(number))
    epoch = house.history.position("default", "news").epoch
    stream = since(house, "news", 1, epoch)
    opening, *replay = await in_thread(collect, stream, 4)
    assert (opening.subscribed.recovered, opening.subscribed.replayed) == (True, 3)
    assert [event.publication.position.offset for event in replay] == [2, 3, 4]
    stream.cancel()


async def test_a_position_of_another_epoch_is_not_recovered(house: House) -> None:
    await published(house, "news", "1")
    stream = since(house, "news", 0, "other")
    opening = (await in_thread(next, stream)).subscribed
    assert opening.HasField("recovered")
    assert (opening.recovered, opening.replayed) == (False, 0)
    await publish(house, "news", "2")
    assert (await in_thread(next, stream)).publication.data_json == "2"
    stream.cancel()


async def test_a_channel_that_keeps_nothing_can_be_listened_to() -> None:
    async with open_house(Choices(history=HistoryLimits(max_publications=0))) as house:
        stream = listen(house, "news")
        await in_thread(next, stream)
        await publish(house, "news", "1")
        assert (await in_thread(next, stream)).publication.position.offset == 1
        stream.cancel()


async def test_a_long_replay_meets_live_without_a_gap(house: House) -> None:
    await publish_many(house, "news", 1000)
    epoch = house.history.position("default", "news").epoch
    stream = since(house, "news", 0, epoch)
    opening = (await in_thread(next, stream)).subscribed
    assert opening.replayed == 1000
    await publish_many(house, "news", 500)
    events = await in_thread(collect, stream, 1500)
    assert [event.publication.position.offset for event in events] == list(range(1, 1501))
    stream.cancel()


async def test_several_channels_at_once(house: House) -> None:
    stream = listen(house, "a", "b")
    openings = await in_thread(collect, stream, 2)
    assert [event.subscribed.channel for event in openings] == ["a", "b"]
    await published(house, "b", "1")
    await publish(house, "a", "2")
    assert [event.publication.channel for event in await in_thread(collect, stream, 2)] == ["b", "a"]
    stream.cancel()


async def test_broadcasts_come_to_those_who_asked(house: House) -> None:
    wants, rather_not = listen(house, "news", broadcasts=True), listen(house, "news")
    await in_thread(next, wants)
    await in_thread(next, rather_not)
    await house.ask("Publish", PublishRequest(target=Target(broadcast="all"), data_json='"everyone"'))
    event = (await in_thread(next, wants)).publication
    assert (event.data_json, event.channel, event.HasField("position")) == ('"everyone"', "all", False)
    await publish(house, "news", '"after"')
    assert (await in_thread(next, rather_not)).publication.data_json == '"after"'
    receipt = await house.ask("GetNotification", pb.GetNotificationRequest(id=event.id))
    assert receipt.delivered == 1  # who did not ask is no audience
    wants.cancel()
    rather_not.cancel()


async def test_broadcasts_alone_can_be_listened_to(house: House) -> None:
    stream = listen(house, broadcasts=True)
    await until(lambda: house.hub.audience("default"))  # nothing is said before the first broadcast
    await house.ask("Publish", PublishRequest(target=Target(broadcast=""), data_json="1"))
    assert not (await in_thread(next, stream)).publication.HasField("channel")
    stream.cancel()


async def test_a_listener_that_does_not_read_is_ended_alone() -> None:
    async with open_house(Choices(outbox_bytes=50_000)) as house:
        slow, quick = listen(house, "news"), listen(house, "quick")
        await in_thread(next, slow)
        await in_thread(next, quick)
        payload = '"' + "x" * 9_000 + '"'
        while not house.counters.slow_consumers:
            await publish_many(house, "news", 50, payload)
        refusal = await end_of(slow)
        assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "slow_consumer")
        await publish(house, "quick", "1")
        assert (await in_thread(next, quick)).publication.data_json == "1"
        quick.cancel()


@pytest.mark.parametrize(
    ("disconnect", "status", "code"),
    [
        (DRAINED, "UNAVAILABLE", "draining"),
        (GOING_AWAY, "UNAVAILABLE", "draining"),
        (SLOW_CONSUMER, "RESOURCE_EXHAUSTED", "slow_consumer"),
    ],
)
async def test_an_ended_connection_ends_the_stream(house: House, disconnect: Any, status: str, code: str) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    for connection in house.hub.connections():
        connection.end(disconnect)
    refusal = await end_of(stream)
    assert (refusal.status, refusal.code) == (status, code)
    assert house.hub.connection_count == 0


async def test_a_listener_that_leaves_is_forgotten(house: House) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    assert house.hub.connection_count == 1
    stream.cancel()
    await until(lambda: not house.hub.connection_count)
    assert house.hub.subscription_count == 0


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (pb.ListenRequest(), "invalid_channel"),
        (pb.ListenRequest(channels=[pb.ChannelSince(channel="")]), "invalid_channel"),
        (pb.ListenRequest(channels=[pb.ChannelSince(channel=str(n)) for n in range(51)]), "too_many_subscriptions"),
        (pb.ListenRequest(client_id="who", broadcasts=True), "client_not_found"),
    ],
)
async def test_what_cannot_be_listened_to(house: House, request_: pb.ListenRequest, code: str) -> None:
    assert (await end_of(house.stub.Listen(request_))).code == code
    assert house.hub.connection_count == 0
