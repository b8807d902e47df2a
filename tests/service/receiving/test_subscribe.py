from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied, Exhausted, Invalid, NotAuthenticated
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.ids import DEFAULT_CLIENT, KeyId
from notifyd.model.position import StreamPosition
from notifyd.model.principal import Grants, Principal
from tests.service.node import OPERATOR, Node, endings, writes

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection

KEY = Principal(DEFAULT_CLIENT, KeyId("key_1"), Grants(subscribe=("news.*",)))


def subscribe(node: Node, connection: Connection, channel: str) -> None:
    node.subscriber.go_live(connection, channel, node.subscriber.check(connection, channel).position)


async def test_a_subscriber_is_told_the_position_and_gets_what_comes_after(node: Node) -> None:
    await node.published(count=2)
    connection = node.connect()
    subscription = node.subscriber.check(connection, "news")
    assert (subscription.position.offset, subscription.recovered, subscription.replay) == (2, None, [])
    node.subscriber.go_live(connection, "news", subscription.position)
    await node.published()
    assert writes(connection) == ["news/3"]


async def test_with_a_position_what_came_after_is_replayed(node: Node) -> None:
    await node.published(count=4)
    epoch = node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    subscription = node.subscriber.check(node.connect(), "news", StreamPosition(epoch, 2))
    assert [publication.offset for publication in subscription.replay] == [3, 4]
    assert (subscription.recovered, subscription.skipped) == (True, 0)


async def test_a_position_of_another_epoch_is_not_continued(node: Node) -> None:
    await node.published()
    subscription = node.subscriber.check(node.connect(), "news", StreamPosition("before", 0))
    assert (subscription.recovered, subscription.replay, subscription.position.offset) == (False, [], 1)


async def test_what_was_trimmed_is_not_continued(node: Node) -> None:
    await node.published(count=20)
    await node.published(count=20)
    await node.published(count=20)
    epoch = node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    assert node.subscriber.check(node.connect(), "news", StreamPosition(epoch, 9)).recovered is False
    assert node.subscriber.check(node.connect(), "news", StreamPosition(epoch, 10)).recovered is True


async def test_a_key_subscribes_within_its_scope(node: Node) -> None:
    connection = node.connect(KEY)
    assert node.subscriber.check(connection, "news.at")
    with pytest.raises(Denied, match="it needs the scope subscribe:other"):
        node.subscriber.check(connection, "other")


async def test_who_has_not_authenticated_subscribes_to_nothing(node: Node) -> None:
    connection = node.link()
    with pytest.raises(NotAuthenticated):
        node.subscriber.check(connection, "news")
    with pytest.raises(NotAuthenticated):
        node.subscriber.unsubscribe(connection, "news")


@pytest.mark.parametrize("channel", ["", "x" * 101, "a\n"])
async def test_what_names_no_channel_is_refused(node: Node, channel: str) -> None:
    with pytest.raises(Invalid) as problem:
        node.subscriber.look(OPERATOR, channel, None)
    assert problem.value.code == "invalid_channel"


async def test_there_are_so_many_subscriptions_and_no_more(node: Node) -> None:
    connection = node.connect()
    for number in range(5):
        subscribe(node, connection, f"c{number}")
    with pytest.raises(Exhausted, match="has 5 subscriptions already"):
        node.subscriber.check(connection, "c5")
    assert node.subscriber.check(connection, "c4")
    assert node.subscriber.unsubscribe(connection, "c0")
    assert node.subscriber.check(connection, "c5")


async def test_after_an_unsubscribe_nothing_comes(node: Node) -> None:
    connection = node.connect()
    subscribe(node, connection, "news")
    assert node.subscriber.unsubscribe(connection, "news")
    assert not node.subscriber.unsubscribe(connection, "news")
    await node.published()
    assert writes(connection) == []


async def test_looking_subscribes_to_nothing(node: Node) -> None:
    node.subscriber.look(OPERATOR, "news", None)
    assert node.hub.subscription_count == 0


async def test_who_does_not_read_is_closed_and_counted(node: Node) -> None:
    connection = node.connect()
    node.subscriber.end_slow(connection)
    assert (endings(connection), node.counters.slow_consumers) == ([SLOW_CONSUMER], 1)
