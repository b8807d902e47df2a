"""Live connections over the admin socket: listeners are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
import trio

from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import listen
from tests.ingress.rpc.node import refusal_of

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House

in_thread = trio.to_thread.run_sync


async def test_a_listener_is_listed(house: House) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    listed = await house.ask("ListConnections", pb.ListConnectionsRequest(channel="news"))
    connection = listed.connections[0]
    assert (listed.total, connection.transport, connection.client_id) == (1, "admin", "default")
    assert (list(connection.channels), connection.subscription_count) == (["news"], 1)
    for request in ({"channel": "other"}, {"client_id": "other"}, {"key_id": "k"}, {"slow": True}):
        assert (await house.ask("ListConnections", pb.ListConnectionsRequest(**request))).total == 0
    stream.cancel()


async def test_a_limit_cuts_the_list_and_not_the_total(house: House) -> None:
    streams = [listen(house, "news") for _ in range(2)]
    for stream in streams:
        await in_thread(next, stream)
    listed = await house.ask("ListConnections", pb.ListConnectionsRequest(limit=1))
    assert (len(listed.connections), listed.total) == (1, 2)
    for stream in streams:
        stream.cancel()


async def test_a_kicked_listener_is_told(house: House) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    listed = await house.ask("ListConnections", pb.ListConnectionsRequest())
    ids = [listed.connections[0].id, "none"]
    kicked = await house.ask("KickConnections", pb.KickConnectionsRequest(ids=ids, reason="go home"))
    assert (list(kicked.kicked), list(kicked.not_found)) == (ids[:1], ids[1:])
    with pytest.raises(grpc.RpcError) as problem:
        await in_thread(next, stream)
    refusal = refusal_of(problem.value)
    assert (refusal.status, refusal.code, refusal.message) == ("PERMISSION_DENIED", "kicked", "go home")


@pytest.mark.parametrize(
    "request_",
    [
        pb.KickConnectionsRequest(),
        pb.KickConnectionsRequest(ids=["x"], key_id="k"),
        pb.KickConnectionsRequest(ids=["x"], reason="é" * 62),
        pb.KickConnectionsRequest(ids=["x"], reason="a\x1b[31m"),
    ],
)
async def test_a_kick_that_is_not_clear_is_refused(house: House, request_: pb.KickConnectionsRequest) -> None:
    assert (await house.refusal("KickConnections", request_)).status == "INVALID_ARGUMENT"


async def test_a_key_without_connections_kicks_nobody(house: House) -> None:
    assert not (await house.ask("KickConnections", pb.KickConnectionsRequest(key_id="k"))).kicked


async def test_who_was_cut_off_lately_is_told_with_the_slow_ones(house: House) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    (connection,) = house.node.hub.connections()
    house.node.hub.slow.cut(connection)
    (cut,) = (await house.ask("ListConnections", pb.ListConnectionsRequest(slow=True))).recently_cut
    assert (cut.id, cut.transport, cut.client_id) == (connection.id, "admin", "default")
    assert not (await house.ask("ListConnections", pb.ListConnectionsRequest())).recently_cut
    stream.cancel()
