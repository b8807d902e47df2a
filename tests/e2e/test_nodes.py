"""Two daemons on one Redis and one MongoDB: whoever is where, it is one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio

from notifyd.v1 import client_pb2, client_pb2_grpc
from tests.crash.producers import GRPC_OPTIONS, in_thread
from tests.e2e.nodes import Pair, pair_of, running_pair, send_to, server_sent
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import connect, join
from tests.valkey import valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.daemon import Daemon
    from tests.e2e.peer import Message
    from tests.e2e.rest import Rest
    from tests.e2e.sockets import SocketIo
    from tests.valkey import Valkey

__all__ = ["valkey"]

COUNT = 20


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Iterator[tuple[Daemon, Daemon]]:
    with running_pair(tmp_path_factory.mktemp("nodes"), valkey.url) as daemons:
        yield daemons


@pytest.fixture
async def pair(daemons: tuple[Daemon, Daemon]) -> Pair:
    return await pair_of(*daemons)


async def accept_all(client: Rest, channel: str, numbers: range) -> list[str]:
    return [await client.accept(channel, {"n": n}) for n in numbers]


def numbers_of(found: list[Message]) -> list[int]:
    return [entry["data"]["n"] for entry in found]


@within(30)
async def test_what_is_published_on_either_node_arrives_on_both_in_one_order(pair: Pair) -> None:
    async with (
        join(pair.here.ws_url, pair.key, "c") as one,
        join(pair.there.ws_url, pair.key, "c") as other,
        pair.here.rest(pair.key) as client,
        pair.there.rest(pair.key) as their_client,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_all, client, "c", range(COUNT))
            nursery.start_soon(accept_all, their_client, "c", range(COUNT, 2 * COUNT))
        seen = await one.notifications(2 * COUNT)
        assert await other.notifications(2 * COUNT) == seen
        assert [entry["offset"] for entry in seen] == list(range(1, 2 * COUNT + 1))
        numbers = numbers_of(seen)
        assert [n for n in numbers if n < COUNT] == list(range(COUNT))
        assert [n for n in numbers if n >= COUNT] == list(range(COUNT, 2 * COUNT))


@pytest.mark.slow
@within(60)
async def test_every_transport_gets_what_another_node_took(pair: Pair) -> None:
    app = pair.at(pair.there)
    path = "/api/channels/c/events"
    token = app.token(channels=["subscribe:*"])
    async with (
        join(pair.there.ws_url, pair.key, "c") as peer,
        server_sent(pair.there, path, pair.key) as events,
        app.socket(token=token) as io,
        pair.here.rest(pair.key) as client,
    ):
        await events.next("subscribed")
        assert (await io.ask("subscribe", {"channel": "c"}))[0]["success"]
        numbers: list[int] = []
        async with trio.open_nursery() as nursery:
            await nursery.start(grpc_numbers, pair.there, pair.key, numbers)
            await accept_all(client, "c", range(COUNT))
        assert numbers == list(range(COUNT))
        assert numbers_of(await peer.notifications(COUNT)) == numbers
        assert [(await events.next("notification"))["data"]["n"] for _ in numbers] == numbers
        assert [(await event_of(io))["n"] for _ in numbers] == numbers


async def event_of(io: SocketIo) -> dict[str, Any]:
    packet = await io.hear()
    assert isinstance(packet, str), packet
    return dict(io.event(packet)[1])


async def grpc_numbers(daemon: Daemon, key: str, numbers: list[int], *, task_status: trio.TaskStatus[None]) -> None:
    """Collect what comes over gRPC until there are as many as are published."""

    def read(call: Any) -> None:
        for event in call:
            if event.HasField("started"):
                trio.from_thread.run_sync(task_status.started)
            else:
                numbers.append(msgspec.json.decode(event.publication.data_json)["n"])
                if len(numbers) == COUNT:
                    return

    with grpc.insecure_channel(daemon.grpc, options=GRPC_OPTIONS) as channel:
        wish = client_pb2.ChannelPosition(channel="c")
        call = client_pb2_grpc.NotificationServiceStub(channel).Subscribe(
            client_pb2.SubscribeRequest(channels=[wish]), metadata=(("x-api-key", key),)
        )
        await in_thread(read, call, cancel=call.cancel)


@pytest.mark.slow
@within(60)
async def test_a_subscriber_resumes_on_another_node(pair: Pair) -> None:
    async with pair.here.rest(pair.key) as client:
        async with join(pair.here.ws_url, pair.key) as peer:
            position = (await peer.subscribe("c"))["position"]
        await accept_all(client, "c", range(5))
        async with join(pair.there.ws_url, pair.key) as peer:
            answer = await peer.subscribe("c", position)
            # what is accepted is replayed or comes live, as the dispatcher has it
            assert answer["recovered"] is True
            await accept_all(client, "c", range(5, 10))
            assert numbers_of(await peer.notifications(10)) == list(range(10))
        last = f"{position['epoch']}:7"
        async with server_sent(pair.there, "/api/channels/c/events", pair.key, last) as events:
            assert (await events.next("subscribed"))["recovered"] is True
            assert [(await events.next("notification"))["data"]["n"] for _ in range(3)] == [7, 8, 9]
            assert events.id == f"{position['epoch']}:10"


@pytest.mark.slow
@within(60)
async def test_a_user_resumes_the_inbox_on_another_node(pair: Pair) -> None:
    token = pair.app.token()
    async with connect(pair.here.ws_url) as peer:
        await peer.hear()
        position = (await peer.ask("authenticate", token=token))["position"]
    for first, daemon in enumerate((pair.there, pair.here, pair.there)):
        numbers = list(range(4 * first, 4 * first + 4))
        for n in numbers[:3]:
            await send_to(pair.at((pair.here, pair.there)[n % 2]), "alice", n)
        async with connect(daemon.ws_url) as peer:
            await peer.hear()
            answer = await peer.ask("authenticate", token=token, since=position)
            assert answer["recovered"] is True
            await send_to(pair.app, "alice", numbers[3])
            found = await peer.notifications(4)
            assert numbers_of(found) == numbers
            position = {"epoch": found[-1]["epoch"], "offset": found[-1]["offset"]}


@pytest.mark.slow
@within(60)
async def test_socket_io_recovers_its_state_with_a_pid_that_another_node_made(pair: Pair) -> None:
    async with pair.at(pair.here).socket() as io:
        sid, pid = io.sid, io.pid
        await send_to(pair.at(pair.there), "alice", 0)
        assert (await event_of(io))["n"] == 0
        offset = io.offset
    async with pair.at(pair.there).socket() as witness:
        for n in range(1, 4):
            await send_to(pair.app, "alice", n)
        while (await event_of(witness))["n"] != 3:
            pass
    async with pair.at(pair.there).socket(pid=pid, offset=offset) as io:
        assert io.sid == sid
        assert [(await event_of(io))["n"] for _ in range(3)] == [1, 2, 3]
        await send_to(pair.at(pair.here), "alice", 4)
        assert (await event_of(io))["n"] == 4


@pytest.mark.slow
@within(60)
async def test_an_ack_on_any_node_counts_for_the_durable_subscription_on_all(pair: Pair) -> None:
    wish = {"channel": "jobs", "ack": True, "durable": "worker"}
    async with join(pair.here.ws_url, pair.key) as one, join(pair.there.ws_url, pair.key) as other:
        for peer in (one, other):
            assert (await peer.ask("subscribe", **wish))["type"] == "subscribed"
        async with pair.here.rest(pair.key) as client:
            ids = await accept_all(client, "jobs", range(4))
        for peer in (one, other):
            assert [entry["id"] for entry in await peer.notifications(4)] == ids
        # each of them acks half
        assert (await one.ask("ack", ids=ids[:2]))["acked"] == 2
        assert (await other.ask("ack", ids=ids[2:]))["acked"] == 2
    for daemon in (pair.here, pair.there):
        async with join(daemon.ws_url, pair.key) as peer, pair.here.rest(pair.key) as client:
            answer = await peer.ask("subscribe", **wish)
            assert (answer["recovered"], answer["position"]["offset"]) == (True, answer["position"]["offset"])
            last = await client.accept("jobs", {"n": 9})
            assert (await peer.notification())["id"] == last
            assert (await peer.ask("ack", id=last))["acked"] == 1


@pytest.mark.slow
@within(60)
async def test_connections_are_listed_and_kicked_wherever_they_are(pair: Pair) -> None:
    made = await pair.new_key()
    async with connect(pair.here.ws_url) as one, connect(pair.there.ws_url) as other:
        ids = []
        for peer in (one, other):
            ids.append((await peer.hear())["connectionId"])
            assert (await peer.ask("authenticate", api_key=made["apiKey"]))["type"] == "authenticated"
            await peer.subscribe("room-1")
        for daemon in (pair.here, pair.there):
            await until_listed(daemon, made["keyId"], ids)
        for peer in (one, other):
            present = await peer.ask("presence", channel="room-1")
            assert (present["memberCount"], present["subscriberCount"]) == (2, 2), present
        kicked = await pair.here.ctl("connections", "kick", ids[1], "--yes")
        assert kicked.status == 0, kicked
        with trio.fail_after(5 * PATIENCE):
            assert (await other.ended()).code == 4005
        await until_listed(pair.there, made["keyId"], ids[:1])
        assert (await one.ask("ping"))["type"] == "pong"
        # the key is revoked at the one, and its connection at the other ends
        async with pair.there.rest() as client:
            assert (await client.call("DELETE", f"/api/keys/{made['keyId']}")).status == 200
        with trio.fail_after(5 * PATIENCE):
            assert (await one.ended()).code == 4004


async def until_listed(daemon: Daemon, key_id: str, ids: list[str]) -> None:
    with trio.fail_after(10 * PATIENCE):
        while set((await daemon.ctl("connections", "list", "--key", key_id, "-q")).out.split()) != set(ids):
            pass
