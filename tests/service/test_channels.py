from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Invalid, NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.service.channels import Channels
from notifyd.service.cluster.crowds import ServiceCrowds
from tests.service.peers import alone

if TYPE_CHECKING:
    from tests.service.node import Node


@pytest.fixture
def channels(node: Node) -> Channels:
    return Channels(node.hub, node.broker.history, ServiceCrowds(node.hub, alone()))


async def names(channels: Channels, **query: object) -> list[str]:
    return [view.info.channel for view in await channels.list(**query)]  # type: ignore[arg-type]


async def test_channels_with_a_history_or_subscribers_by_name(node: Node, channels: Channels) -> None:
    for channel in ("b", "a.2"):
        await node.published(channel)
    node.hub.subscribe(node.connect(), "a.1", offset=0)
    assert await names(channels) == ["a.1", "a.2", "b"]
    assert await names(channels, prefix="a.") == ["a.1", "a.2"]
    assert await names(channels, limit=2) == ["a.1", "a.2"]
    assert await names(channels, client_id=ClientId("other")) == []


async def test_as_many_as_are_asked_for(channels: Channels, node: Node) -> None:
    for number in range(1010):
        await node.published(f"c{number:04}")
    assert len(await names(channels, limit=2000)) == 1010


async def test_one_channel_with_its_figures(node: Node, channels: Channels) -> None:
    await node.published("news", count=3)
    await node.published("news.at")
    node.hub.subscribe(node.connect(), "news", offset=3)
    view = await channels.get(DEFAULT_CLIENT, "news")
    assert (view.info.channel, view.info.publications, view.info.position.offset) == ("news", 3, 3)
    assert view.subscriber_count == 1


async def test_one_that_nobody_used_is_not_found(channels: Channels) -> None:
    with pytest.raises(NotFound, match="nobody has used"):
        await channels.get(DEFAULT_CLIENT, "news")


async def test_the_newest_or_what_came_after(node: Node, channels: Channels) -> None:
    await node.published("news", count=5)
    newest = await channels.history(DEFAULT_CLIENT, "news", limit=2)
    assert [publication.offset for publication in newest.publications] == [4, 5]
    first = (await channels.history(DEFAULT_CLIENT, "news", limit=1)).publications[0]
    since = await channels.history(DEFAULT_CLIENT, "news", limit=2, since=type(newest.position)(first.epoch, 1))
    assert [publication.offset for publication in since.publications] == [2, 3]
    assert (since.recovered, since.position.offset) == (True, 5)


async def test_what_names_no_channel_is_refused(node: Node, channels: Channels) -> None:
    with pytest.raises(Invalid):
        await channels.get(DEFAULT_CLIENT, "")
    with pytest.raises(Invalid):
        await channels.history(DEFAULT_CLIENT, "x" * 201, limit=1)


async def test_a_name_as_long_as_the_setting_allows_is_one(node: Node) -> None:
    channels = Channels(node.hub, node.broker.history, ServiceCrowds(node.hub, alone()), max_channel_length=300)
    with pytest.raises(NotFound):
        await channels.get(DEFAULT_CLIENT, "x" * 300)
    assert (await channels.history(DEFAULT_CLIENT, "x" * 300, limit=1)).publications == []
