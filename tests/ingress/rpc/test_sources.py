"""What a feed can be subscribed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied, Exhausted, Invalid
from notifyd.ingress.rpc.feed import AckedOpening, FeedServices, Opening
from notifyd.ingress.rpc.sources import InboxSource, WatchedInbox, channel_opening, check_channels
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.position import StreamPosition
from notifyd.service.receiving.attending import Attending
from notifyd.v1 import client_pb2 as pb
from notifyd.v1 import types_pb2
from tests.service.acking import acks_of
from tests.service.node import OPERATOR, Node, open_node, writes
from tests.store.samples import expire

if TYPE_CHECKING:
    import trio

    from notifyd.hub.connection import Connection

ALICE = UserId("alice")


@pytest.fixture
async def node(nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 20)
    return await open_node(nursery)


def wish(channel: str, since: StreamPosition | None = None) -> pb.ChannelPosition:
    position = None if since is None else types_pb2.StreamPosition(epoch=since.epoch, offset=since.offset)
    return pb.ChannelPosition(channel=channel, since=position)


def services_of(node: Node) -> FeedServices:
    acks = acks_of(node.hub, node.broker, node.subscriber, node.inboxes, node.counters)
    attending = Attending(node.broker, node.subscriber)
    return FeedServices(node.connector, node.subscriber, node.inboxes, acks, attending, outbox_bytes=1000)


def opening(
    node: Node, connection: Connection, wanted: pb.ChannelPosition, *, ack: bool = False, durable: str = ""
) -> Opening | AckedOpening:
    return channel_opening(services_of(node), connection, wanted, ack=ack, durable=durable)


async def test_channels_begin_where_it_is_asked(node: Node) -> None:
    await node.published("news", count=2)
    connection = node.connect(OPERATOR)
    since = StreamPosition(node.broker.history.position(DEFAULT_CLIENT, "news").epoch, 1)
    news, weather = (opening(node, connection, wish(*asked)) for asked in (("news", since), ("weather",)))
    assert isinstance(news, Opening)
    assert isinstance(weather, Opening)
    assert (news.since, weather.since) == (since, None)
    assert [each.offset for each in news.source.look(news.since).replay] == [2]
    news.source.go_live(news.source.look(news.since).position)
    await node.published("news")
    assert writes(connection) == ["news/3"]


async def test_who_acks_is_fed_by_acks(node: Node) -> None:
    connection = node.connect(OPERATOR)
    acked = opening(node, connection, wish("news"), ack=True, durable="audit")
    assert isinstance(acked, AckedOpening)
    opened = acked.open()
    opened.start()
    assert opened.position == node.broker.history.position(DEFAULT_CLIENT, "news")
    live = node.hub.channel(DEFAULT_CLIENT, "news")
    assert live is not None
    assert list(live.receivers) == [connection]


async def test_a_name_is_for_who_acks(node: Node) -> None:
    with pytest.raises(Invalid, match="ack") as refused:
        opening(node, node.connect(OPERATOR), wish("news"), durable="audit")
    assert refused.value.code == "invalid_durable"


async def test_a_stream_has_so_many_channels_each_once(node: Node) -> None:
    most = node.subscriber.rules.max_subscriptions
    check_channels([wish(str(number)) for number in range(most)], node.subscriber)
    with pytest.raises(Exhausted):
        check_channels([wish(str(number)) for number in range(most + 1)], node.subscriber)
    with pytest.raises(Invalid, match="twice"):
        check_channels([wish("a"), wish("a")], node.subscriber)


async def test_reading_on_in_an_inbox_does_not_move_its_cursor(node: Node) -> None:
    for _ in range(3):
        await node.tell(ALICE)
    await node.dispatch()
    connection = node.link()
    node.connector.enter(connection, node.connector.token_principal(node.token(ALICE)))
    source = InboxSource(services_of(node), connection)
    first = source.look(None)
    assert len(first.replay) == 3
    assert source.look(first.position).replay == []
    assert [info.cursor for info in await node.inboxes.infos()] == [0]


async def test_an_inbox_is_a_users(node: Node) -> None:
    with pytest.raises(Denied):
        InboxSource(services_of(node), node.connect(OPERATOR)).look(None)


async def test_who_watches_an_inbox_is_no_connection_of_its_user(node: Node) -> None:
    watched = WatchedInbox(services_of(node), DEFAULT_CLIENT, ALICE)
    watched.go_live(watched.look(None).position)
    assert watched.news() == []
    await node.tell(ALICE)
    await node.dispatch()
    assert [each.inbox.offset for each in watched.news() if each.inbox] == [1]
    assert watched.news() == []
    assert node.inboxes.connection_count(DEFAULT_CLIENT, ALICE) == 0
