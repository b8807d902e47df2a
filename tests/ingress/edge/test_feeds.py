"""What event streams deliver, without a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import Denied, Invalid
from notifyd.ingress.edge.feeds import AckedChannelFeed, AckedInboxFeed, ChannelFeed, InboxFeed, Pace
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.service.acks import AckWish
from notifyd.wire.http.sse import notification_event
from tests.service.acking import acks_of
from tests.service.node import OPERATOR, Node, RecordingLink, open_node, writes
from tests.store.samples import expire

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.feeds import Feed
    from notifyd.service.acks import Acks


@pytest.fixture
async def node(nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 20)
    return await open_node(nursery, encoders={"sse": notification_event})


@pytest.fixture
def acks(node: Node) -> Acks:
    return acks_of(node.hub, node.broker, node.subscriber, node.inboxes, node.counters)


async def at_once() -> bool:
    await trio.lowlevel.checkpoint()
    return True


async def begin(feed: Feed, connection: Connection) -> None:
    await feed.open(connection)(Pace(at_once, 300))


def reader(node: Node) -> Connection:
    return node.connect(encoding="sse")


def user(node: Node) -> Connection:
    connection = node.connector.admit(RecordingLink(encoding="sse"))
    node.connector.enter(connection, node.connector.token_principal(node.token("alice")))
    return connection


def events(connection: Connection) -> list[tuple[str, str]]:
    """The offset in the id, and the event's name."""
    found = []
    for block in "\n\n".join(writes(connection)).split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.split("\n"))
        found.append((fields["id"].rpartition(":")[2], fields["event"]))
    return found


async def test_a_channel_is_served_from_now_on(node: Node) -> None:
    await node.published()
    connection = reader(node)
    await begin(ChannelFeed(node.subscriber, "news", None), connection)
    await node.published()
    assert events(connection) == [("1", "subscribed"), ("2", "notification")]


async def test_the_ids_of_a_channel_with_acks_stand_behind_what_is_acked(node: Node, acks: Acks) -> None:
    connection = reader(node)
    await begin(AckedChannelFeed(acks, node.subscriber, "news", AckWish()), connection)
    first = await node.publish()
    await node.dispatch()
    second = await node.publish()
    await node.dispatch()
    await acks.ack(connection, [second])
    await node.published()
    await acks.ack(connection, [first])
    await node.published()
    assert events(connection) == [
        ("0", "subscribed"),
        ("0", "notification"),
        ("0", "notification"),
        ("0", "notification"),
        ("2", "notification"),
    ]


async def test_an_inbox_with_acks_is_served_from_its_cursor(node: Node, acks: Acks) -> None:
    for _ in range(3):
        await node.tell("alice")
    await node.dispatch()
    await begin(AckedInboxFeed(acks, None), user(node))
    position = node.broker.inbox.position(DEFAULT_CLIENT, UserId("alice"))
    connection = user(node)
    await begin(AckedInboxFeed(acks, position), connection)
    assert events(connection) == [("3", "subscribed")]


async def test_streaming_an_inbox_asks_for_no_proof(node: Node) -> None:
    connection = user(node)
    await begin(InboxFeed(node.subscriber, node.inboxes, None), connection)
    await node.tell("alice")
    await node.dispatch()
    assert events(connection) == [("0", "subscribed"), ("1", "notification")]
    assert len(node.inboxes.look(DEFAULT_CLIENT, UserId("alice")).replay) == 1


async def test_what_cannot_be_is_refused_beforehand(node: Node, acks: Acks) -> None:
    for feed in (ChannelFeed(node.subscriber, "", None), AckedChannelFeed(acks, node.subscriber, "", AckWish())):
        with pytest.raises(Invalid):
            feed.check(OPERATOR)
    for inbox in (InboxFeed(node.subscriber, node.inboxes, None), AckedInboxFeed(acks, None)):
        with pytest.raises(Denied):
            inbox.check(OPERATOR)
    with pytest.raises(Invalid):
        AckedChannelFeed(acks, node.subscriber, "news", AckWish(durable="a b")).open(reader(node))
    assert node.hub.subscription_count == 0
