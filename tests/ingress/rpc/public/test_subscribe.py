"""Subscribing: channels, broadcasts and the user's inbox, and every end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.model.disconnect import CLIENT_REMOVED, DRAINED, KICKED, SECRET_ENDED, TOKEN_ENDED
from notifyd.v1 import client_pb2 as pb
from notifyd.v1.types_pb2 import StreamPosition
from tests.ingress.rpc.node import collect, end_of, until
from tests.ingress.rpc.public.house import ADMIN, OPTIONS, open_public_house, publication, wish, with_key, with_token

if TYPE_CHECKING:
    from tests.ingress.rpc.public.house import PublicHouse

in_thread = trio.to_thread.run_sync


async def started(stream: Any) -> pb.SubscribeStarted:
    """The next event, which begins a channel or an inbox."""
    event = await in_thread(next, stream)
    assert event.WhichOneof("event") == "started"
    return event.started


async def received(stream: Any) -> Any:
    """The next event, which is a publication."""
    event = await in_thread(next, stream)
    assert event.WhichOneof("event") == "publication"
    return event.publication


async def test_the_position_comes_first_and_then_what_is_published(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    stream = house.open("Subscribe", wish("news"), shown)
    opening = await started(stream)
    assert (opening.channel, opening.position.offset, opening.HasField("recovered")) == ("news", 0, False)
    await house.publish(shown, '"now"', channel="news")
    found = await received(stream)
    assert (found.channel, found.data_json, found.position.offset) == ("news", '"now"', 1)
    assert found.position.epoch == opening.position.epoch
    stream.cancel()


async def test_what_was_missed_is_replayed(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    for number in range(3):
        await house.settled((await house.publish(shown, str(number), channel="news")).notification_id, shown)
    epoch = house.node.broker.history.position("default", "news").epoch
    stream = house.open("Subscribe", wish("news", since=StreamPosition(epoch=epoch, offset=1)), shown)
    opening = await started(stream)
    assert (opening.recovered, opening.replayed) == (True, 2)
    assert [(await received(stream)).data_json for _ in range(2)] == ["1", "2"]
    stream.cancel()


async def test_broadcasts_come_to_those_who_asked(house: PublicHouse) -> None:
    shown = with_key(await house.node.key())
    wants, other = (house.open("Subscribe", wish("news", broadcasts=asked), shown) for asked in (True, False))
    await started(wants)
    await started(other)
    await house.publish(shown, '"all"', broadcast="")
    await house.publish(shown, '"news"', channel="news")
    assert [(await received(wants)).data_json for _ in range(2)] == ['"all"', '"news"']
    assert (await received(other)).data_json == '"news"'
    wants.cancel()
    other.cancel()


async def test_a_users_inbox_comes_without_asking(house: PublicHouse) -> None:
    await house.settled((await house.publish(ADMIN, '"before"', users=("ann",))).notification_id)
    stream = house.open("Subscribe", pb.SubscribeRequest(), with_token(house.node.token("ann")))
    opening = await started(stream)
    assert (opening.channel, opening.position.offset, opening.replayed) == ("", 1, 1)
    await house.publish(ADMIN, '"now"', users=("bob", "ann"))
    before, now = await received(stream), await received(stream)
    assert [(found.data_json, found.user_id, found.position.offset) for found in (before, now)] == [
        ('"before"', "ann", 1),
        ('"now"', "ann", 2),
    ]
    assert not now.HasField("channel")
    stream.cancel()


async def test_only_an_ack_moves_the_cursor(house: PublicHouse) -> None:
    shown = with_token(house.node.token("ann"))
    await house.settled((await house.publish(ADMIN, users=("ann",))).notification_id)
    for _ in range(2):  # it was written, and comes again
        stream = house.open("Subscribe", pb.SubscribeRequest(), shown)
        assert (await started(stream)).replayed == 1
        found = await received(stream)
        stream.cancel()
    request = pb.AckInboxRequest(position=found.position)
    assert [(await house.ask("AckInbox", request, shown)).acked for _ in range(2)] == [1, 0]
    stream = house.open("Subscribe", pb.SubscribeRequest(), shown)
    assert (await started(stream)).replayed == 0
    receipt = await house.settled(found.id)
    assert (receipt.stored, receipt.arrived) == (0, 1)
    stream.cancel()


async def test_an_inbox_continues_after_a_position(house: PublicHouse) -> None:
    shown = with_token(house.node.token("ann"))
    for number in range(3):
        await house.settled((await house.publish(ADMIN, str(number), users=("ann",))).notification_id)
    epoch = house.node.broker.inbox.position("default", "ann").epoch
    request = pb.SubscribeRequest(inbox_since=StreamPosition(epoch=epoch, offset=2))
    stream = house.open("Subscribe", request, shown)
    opening = await started(stream)
    assert (opening.recovered, opening.replayed) == (True, 1)
    assert (await received(stream)).data_json == "2"
    stream.cancel()


async def test_a_long_inbox_meets_live_without_a_gap(house: PublicHouse) -> None:
    shown = with_token(house.node.token("ann"))
    for number in range(300):
        accepted = await house.publish(ADMIN, str(number), users=("ann",))
    await house.settled(accepted.notification_id)
    stream = house.open("Subscribe", pb.SubscribeRequest(), shown)
    assert (await started(stream)).replayed == 300
    await house.publish(ADMIN, "300", users=("ann",))
    events = await in_thread(collect, stream, 301)
    assert [event.publication.position.offset for event in events] == list(range(1, 302))
    assert (await house.node.inboxes.infos())[0].cursor == 0  # a replay that was written proves nothing
    stream.cancel()


async def test_an_inbox_can_be_left_out(house: PublicHouse) -> None:
    shown = with_token(house.node.token("ann"))
    stream = house.open("Subscribe", wish("open.a", without_inbox=True), shown)
    assert (await started(stream)).channel == "open.a"
    await house.settled((await house.publish(ADMIN, users=("ann",))).notification_id)
    await house.publish(ADMIN, '"news"', channel="open.a")
    assert (await received(stream)).data_json == '"news"'
    stream.cancel()


async def test_nothing_of_another_client_is_received(house: PublicHouse) -> None:
    client_id = await house.node.client()
    keys = with_key(await house.node.key(client_id=client_id))
    of_key = house.open("Subscribe", wish("open.a", broadcasts=True), keys)
    of_user = house.open("Subscribe", wish("open.a", broadcasts=True), with_token(house.node.token("ann", client_id)))
    await started(of_key)
    assert [(await started(of_user)).channel for _ in range(2)] == ["", "open.a"]
    for to in ({"channel": "open.a"}, {"broadcast": ""}, {"users": ("ann",)}):
        await house.settled((await house.publish(ADMIN, '"theirs"', **to)).notification_id)
    await house.publish(keys, '"mine"', channel="open.a")
    assert (await received(of_key)).data_json == (await received(of_user)).data_json == '"mine"'
    of_key.cancel()
    of_user.cancel()


async def test_a_credential_does_not_act_for_another_client(house: PublicHouse) -> None:
    client_id = await house.node.client()
    for shown in (with_key(await house.node.key()), with_token(house.node.token("ann"))):
        for method, request in (
            ("Subscribe", wish("open.a", client_id=client_id)),
            ("Publish", publication(channel="open.a", client_id=client_id)),
        ):
            refusal = await house.refusal(method, request, shown)
            assert (refusal.status, refusal.code) == ("PERMISSION_DENIED", "wrong_client")
        (result,) = await in_thread(list, house.open("PublishStream", publication(client_id=client_id), shown))
        assert result.refused.code == "wrong_client"


async def test_a_key_subscribes_where_its_scopes_allow(house: PublicHouse) -> None:
    shown = with_key(await house.node.key("subscribe:a.*"))
    refusal = await house.refusal("Subscribe", wish("a.b", "b"), shown)
    assert (refusal.status, refusal.code) == ("PERMISSION_DENIED", "scope_missing")
    await until(lambda: not house.node.hub.connection_count)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (pb.SubscribeRequest(), "INVALID_ARGUMENT"),
        (wish("a", "a"), "INVALID_ARGUMENT"),
        (wish(""), "INVALID_ARGUMENT"),
        (wish("a", inbox_since=StreamPosition(epoch="e")), "INVALID_ARGUMENT"),
        (wish(*map(str, range(51))), "RESOURCE_EXHAUSTED"),
    ],
)
async def test_what_cannot_be_subscribed_to(house: PublicHouse, request_: pb.SubscribeRequest, status: str) -> None:
    assert (await house.refusal("Subscribe", request_, ADMIN)).status == status


async def test_only_a_user_acks(house: PublicHouse) -> None:
    request = pb.AckInboxRequest(position=StreamPosition(epoch="e", offset=1))
    for shown in (ADMIN, with_key(await house.node.key())):
        refusal = await house.refusal("AckInbox", request, shown)
        assert (refusal.status, refusal.code) == ("PERMISSION_DENIED", "user_token_required")
    ann = with_token(house.node.token("ann"))
    assert (await house.ask("AckInbox", request, ann)).acked == 0
    assert (await house.refusal("AckInbox", pb.AckInboxRequest(), ann)).status == "INVALID_ARGUMENT"


async def test_a_subscriber_is_listed_as_what_it_is(house: PublicHouse) -> None:
    stream = house.open("Subscribe", wish("open.a"), with_token(house.node.token("ann")))
    await in_thread(collect, stream, 2)
    (connection,) = house.node.hub.connections()
    assert connection.principal is not None
    assert (connection.link.transport, connection.link.address) == ("rpc", "127.0.0.1")
    assert (connection.principal.user_id, connection.subscriptions) == ("ann", {"open.a"})
    stream.cancel()
    await until(lambda: not house.node.hub.connection_count)


async def test_a_key_has_so_many_connections_and_no_more() -> None:
    bounds = type(OPTIONS.bounds)(workers=16, max_streams=8)
    async with open_public_house(type(OPTIONS)(bounds=bounds)) as house:
        shown = with_key(await house.node.key())
        streams = [house.open("Subscribe", wish("news"), shown) for _ in range(5)]
        for stream in streams:
            await started(stream)
        refusal = await house.refusal("Subscribe", wish("news"), shown)
        assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "too_many_connections")
        for stream in streams:
            stream.cancel()


async def test_the_end_of_a_key_ends_its_streams_alone(house: PublicHouse) -> None:
    first, second = await house.node.key(), await house.node.key()
    ends, stays = (house.open("Subscribe", wish("news"), with_key(key)) for key in (first, second))
    await started(ends)
    await started(stays)
    await house.node.keys.revoke(first)
    refusal = await end_of(ends)
    assert (refusal.status, refusal.code) == ("UNAUTHENTICATED", "api_key_ended")
    await house.publish(ADMIN, channel="news")
    assert (await received(stays)).channel == "news"
    stays.cancel()


async def test_a_token_that_runs_out_ends_its_stream(house: PublicHouse) -> None:
    stream = house.open("Subscribe", pb.SubscribeRequest(), with_token(house.node.token("ann", ttl_ms=1)))
    refusal = await end_of(stream)  # a token ends with a whole second
    assert (refusal.status, refusal.code) == ("UNAUTHENTICATED", "token_expired")


@pytest.mark.parametrize(
    ("disconnect", "status", "code"),
    [
        (TOKEN_ENDED, "UNAUTHENTICATED", "token_expired"),
        (SECRET_ENDED, "UNAUTHENTICATED", "secret_replaced"),
        (CLIENT_REMOVED, "UNAUTHENTICATED", "client_removed"),
        (DRAINED, "UNAVAILABLE", "draining"),
        (KICKED, "PERMISSION_DENIED", "kicked"),
    ],
)
async def test_an_ended_connection_ends_the_stream(house: PublicHouse, disconnect: Any, status: str, code: str) -> None:
    stream = house.open("Subscribe", wish("news"), ADMIN)
    await started(stream)
    for connection in house.node.hub.connections():
        connection.end(disconnect)
    refusal = await end_of(stream)
    assert (refusal.status, refusal.code, refusal.message) == (status, code, disconnect.reason)


async def test_a_removed_client_loses_its_streams(house: PublicHouse) -> None:
    client_id = await house.node.client()
    stream = house.open("Subscribe", pb.SubscribeRequest(), with_token(house.node.token("ann", client_id)))
    await started(stream)
    await house.node.clients.remove(client_id)
    assert (await end_of(stream)).code == "client_removed"


async def test_who_does_not_read_is_told_to_resume() -> None:
    options = type(OPTIONS)(admin_token="the-admin-token", outbox_bytes=50_000, bounds=OPTIONS.bounds)
    async with open_public_house(options) as house:
        slow = house.open("Subscribe", wish("news"), ADMIN)
        await started(slow)
        payload = '"' + "x" * 9_000 + '"'
        while not house.node.counters.slow_consumers:
            await house.publish(ADMIN, payload, channel="news")
        refusal = await end_of(slow)
        assert (refusal.status, refusal.code) == ("RESOURCE_EXHAUSTED", "slow_consumer")
        assert "position" in refusal.message
