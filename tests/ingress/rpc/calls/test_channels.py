"""Channels and their history over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import StreamPosition
from tests.ingress.rpc.house import publish, published

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def test_channels_are_listed_by_name(house: House) -> None:
    for channel in ("b.two", "a.one", "b.one"):
        await published(house, channel, "1")
    listed = await house.ask("ListChannels", pb.ListChannelsRequest())
    assert [channel.channel for channel in listed.channels] == ["a.one", "b.one", "b.two"]
    listed = await house.ask("ListChannels", pb.ListChannelsRequest(prefix="b.", limit=1))
    assert [channel.channel for channel in listed.channels] == ["b.one"]


async def test_a_channel_tells_what_it_keeps(house: House) -> None:
    await published(house, "news", '"one"')
    channel = await house.ask("GetChannel", pb.GetChannelRequest(channel="news"))
    assert (channel.client_id, channel.channel, channel.publications) == ("default", "news", 1)
    assert channel.position.offset == 1
    assert channel.size_bytes > 0
    assert channel.HasField("last_at")


async def test_history_is_read_from_its_end_or_from_a_position(house: House) -> None:
    for number in range(5):
        await published(house, "news", str(number))
    newest = await house.ask("GetHistory", pb.GetHistoryRequest(channel="news", limit=2))
    assert [publication.data_json for publication in newest.publications] == ["3", "4"]
    assert not newest.HasField("recovered")
    since = StreamPosition(epoch=newest.position.epoch, offset=1)
    later = await house.ask("GetHistory", pb.GetHistoryRequest(channel="news", since=since, limit=2))
    assert [publication.position.offset for publication in later.publications] == [2, 3]
    assert later.recovered
    lost = await house.ask("GetHistory", pb.GetHistoryRequest(channel="news", since=StreamPosition(epoch="x")))
    assert lost.HasField("recovered")
    assert not lost.recovered


async def test_bad_names_are_refused(house: House) -> None:
    assert (await house.refusal("GetChannel", pb.GetChannelRequest())).code == "invalid_channel"
    assert (await house.refusal("GetHistory", pb.GetHistoryRequest(channel="\n"))).code == "invalid_channel"
    refusal = await house.refusal("GetHistory", pb.GetHistoryRequest(client_id="who", channel="x"))
    assert (refusal.status, refusal.code) == ("NOT_FOUND", "client_not_found")
    assert (await publish(house, "news", "1")).status == "accepted"
