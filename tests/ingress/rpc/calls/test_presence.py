"""Who is in a channel, over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import listen

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


@pytest.mark.parametrize("channel", ["open.1", "closed"])
async def test_an_operator_is_told_whatever_the_rule_says(house: House, channel: str) -> None:
    connection = house.node.user("alice", channel)
    found = await house.ask("GetPresence", pb.GetPresenceRequest(channel=channel))
    (member,) = found.members
    assert (found.member_count, found.subscriber_count) == (1, 1)
    assert (member.user_id, list(member.connection_ids)) == ("alice", [connection.id])
    assert member.joined_at.seconds


async def test_operators_are_subscribers_and_no_members(house: House) -> None:
    stream = listen(house, "open.1")
    await trio.to_thread.run_sync(next, stream)
    found = await house.ask("GetPresence", pb.GetPresenceRequest(channel="open.1"))
    assert (found.member_count, found.subscriber_count) == (0, 1)
    stream.cancel()


async def test_members_are_named_to_a_limit_and_counted_all(house: House) -> None:
    for number in range(3):
        house.node.user(f"u{number}", "open.1")
    found = await house.ask("GetPresence", pb.GetPresenceRequest(channel="open.1", limit=2))
    assert ([member.user_id for member in found.members], found.member_count) == (["u0", "u1"], 3)


async def test_a_channel_and_a_client_have_to_be_there(house: House) -> None:
    assert (await house.refusal("GetPresence", pb.GetPresenceRequest())).code == "invalid_channel"
    request = pb.GetPresenceRequest(client_id="who", channel="a")
    assert (await house.refusal("GetPresence", request)).code == "client_not_found"
