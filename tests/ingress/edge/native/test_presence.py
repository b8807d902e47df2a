"""Who is in a channel, asked over the plain JSON protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.ingress.edge.native.browser import Browser
    from tests.service.node import Node


async def test_a_user_finds_itself_among_the_members(node: Node, stranger: Browser) -> None:
    await stranger.ask("authenticate", token=node.token("alice"))
    await stranger.ask("subscribe", channel="open.a")
    answer = await stranger.ask("presence", channel="open.a", requestId="r1")
    (member,) = answer.pop("members")
    assert answer == {
        "type": "presence",
        "channel": "open.a",
        "memberCount": 1,
        "subscriberCount": 1,
        "requestId": "r1",
    }
    assert (member["userId"], member["connectionIds"]) == ("alice", [node.hub.connections()[0].id])


async def test_where_nobody_is_told_it_is_refused(node: Node, stranger: Browser) -> None:
    await stranger.ask("authenticate", apiKey=(await node.key()).key)
    assert (await stranger.ask("presence", channel="news"))["code"] == "presence_off"


async def test_one_has_to_authenticate_first(stranger: Browser) -> None:
    assert (await stranger.ask("presence", channel="open.a"))["code"] == "not_authenticated"
