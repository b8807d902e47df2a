"""Two daemons that are one service, behind the load balancers of the manual.

Clients come from many addresses of the loopback, as from many machines.
"""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio_websocket import ConnectionClosed, HandshakeError

from tests.cli.authority import Authority
from tests.e2e.cluster import shared
from tests.e2e.nodes import Events, Pair, pair_of, until_known
from tests.e2e.patience import PATIENCE, within
from tests.interop.applications import Application, register, socketio
from tests.interop.balancers import HOST, NAMES, Front, front
from tests.valkey import valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.fixtures import Starter
    from tests.interop.applications import Remote
    from tests.valkey import Valkey

__all__ = ["valkey"]

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("name", NAMES)]

ADDRESSES = [f"127.0.1.{number}" for number in range(1, 9)]
STREAM_SECONDS = 5.0


class Secured(Application):
    """A client whose users come through a load balancer."""

    front: Front

    @property
    def url(self) -> str:
        """Its namespace."""
        return f"{self.front.url}/client-{self.id}"


@asynccontextmanager
async def behind(
    name: str, start: Starter, valkey: Valkey, folder: Path, *, sticky: bool = True
) -> AsyncIterator[tuple[Pair, Front]]:
    with shared(folder, valkey.url, "server.trusted_proxies=127.0.0.1", "bullmq.enabled=false") as settings:
        here, there = await start(*settings), await start(*settings)
        pair = await pair_of(here, there)
        async with front(name, folder, Authority(folder), here, there, sticky=sticky) as made:
            yield pair, made
        assert [await daemon.terminate() for daemon in (here, there)] == [0, 0]


async def both_serve(pair: Pair) -> None:
    """Each of the daemons has some of the clients."""
    async with pair.here.rest() as one, pair.there.rest() as other:
        for client in (one, other):
            stats = (await client.call("GET", "/api/stats")).json["stats"]
            assert stats["connections"] > 0, stats


@within(60)
async def test_rest_websockets_and_event_streams_pass(
    start: Starter, valkey: Valkey, tmp_path: Path, name: str
) -> None:
    async with behind(name, start, valkey, tmp_path) as (pair, made), AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(made.join(address, pair.key, "c")) for address in ADDRESSES]
        await both_serve(pair)
        stream = await stack.enter_async_context(await made.dial(ADDRESSES[0]))
        lines = ["GET /api/channels/c/events HTTP/1.1", f"Host: {HOST}", f"X-API-Key: {pair.key}", "", ""]
        await stream.send_all("\r\n".join(lines).encode())
        events = Events(stream)
        assert await events.next("subscribed")
        ids = []
        for number, address in enumerate(ADDRESSES):
            async with made.rest(address, pair.key) as client:
                ids.append(await client.accept("c", {"n": number}))
        for peer in peers:
            assert [entry["id"] for entry in await peer.notifications(len(ids))] == ids
        with trio.fail_after(STREAM_SECONDS * PATIENCE):
            assert [(await events.next("notification"))["id"] for _ in ids] == ids


@within(60)
async def test_polling_clients_are_upgraded_where_their_address_chooses_the_daemon(
    start: Starter, valkey: Valkey, tmp_path: Path, name: str
) -> None:
    async with behind(name, start, valkey, tmp_path) as (pair, made), socketio(tmp_path) as remote:
        application = await registered(pair, made)
        for address in ADDRESSES:
            await remote.connect(application, address, name=address, **made.socketio(address))
            assert (await remote.hear("open", address))["transport"] == "polling"
        for address in ADDRESSES:
            assert (await remote.hear("upgrade", address))["transport"] == "websocket"
        await both_serve(pair)
        await all_are_told(remote, application)


@within(60)
async def test_clients_that_use_websockets_alone_come_to_any_daemon(
    start: Starter, valkey: Valkey, tmp_path: Path, name: str
) -> None:
    async with behind(name, start, valkey, tmp_path, sticky=False) as (pair, made), socketio(tmp_path) as remote:
        application = await registered(pair, made)
        for address in ADDRESSES:
            options = {**made.socketio(ADDRESSES[0]), "transports": ["websocket"]}
            await remote.connect(application, address, name=address, **options)
        await both_serve(pair)
        await all_are_told(remote, application)


@within(60)
async def test_a_polling_session_that_comes_to_another_daemon_is_unknown_there(
    start: Starter, valkey: Valkey, tmp_path: Path, name: str
) -> None:
    async with behind(name, start, valkey, tmp_path, sticky=False) as (_, made):
        async with made.rest(ADDRESSES[0], "") as client:
            path = "/socket.io/?EIO=4&transport=polling"
            greeting = (await client.call("GET", path)).body.decode()
            sid = greeting.partition('"sid":"')[2].partition('"')[0]
            replies = [await client.send("POST", f"{path}&sid={sid}", b"2probe") for _ in range(2)]
        assert 400 in {reply.status for reply in replies}
        assert "Session ID unknown" in next(reply.body.decode() for reply in replies if reply.status == 400)


async def registered(pair: Pair, made: Front) -> Secured:
    """A new client that both daemons know, behind the load balancer."""
    client_id = (await register(pair.here)).id
    key = await pair.here.new_key(clientId=client_id)
    await until_known(pair.there, key["keyId"])
    return Secured(pair.here, client_id, made)


async def all_are_told(remote: Remote, application: Application) -> None:
    """What is sent to each user reaches its client, and nothing is dropped on the way."""
    sent = [await application.send(*ADDRESSES, n=number) for number in range(3)]
    for address in ADDRESSES:
        assert [(await remote.notification(address))["notificationId"] for _ in sent] == sent
        answered = await remote.ask("notification-job", {"payload": {"n": 9}, "users": ["nobody"]}, name=address)
        assert answered["success"] is True
    assert not [told for told in remote.told if told["tell"] in ("disconnect", "connect_error")]


class Follower:
    """Comes back after every drop, and resumes where it was."""

    def __init__(self, front: Front, address: str, key: str) -> None:
        self._front = front
        self._address = address
        self._key = key
        self._position: dict[str, Any] | None = None
        self.connections = 0
        self.ids: list[str] = []
        self.ready = trio.Event()

    async def run(self) -> None:
        while True:
            try:
                async with self._front.join(self._address, self._key) as peer:
                    answer = await peer.subscribe("c", self._position)
                    assert self._position is None or answer["recovered"] is True, answer
                    self._position = self._position or answer["position"]
                    self.connections += 1
                    self.ready.set()
                    while True:
                        self._take(await peer.notification())
            except (ConnectionClosed, HandshakeError, OSError, trio.TooSlowError, trio.BrokenResourceError):
                await trio.sleep(0.05)

    def _take(self, entry: dict[str, Any]) -> None:
        assert self._position is not None
        assert entry["offset"] == self._position["offset"] + 1
        self._position = {"epoch": entry["epoch"], "offset": entry["offset"]}
        self.ids.append(entry["id"])


class Producer:
    """Publishes through the load balancer until told to stop; what is refused or cut off it repeats with its key."""

    def __init__(self, front: Front, address: str, key: str) -> None:
        self._front = front
        self._address = address
        self._key = key
        self._over = False
        self.accepted: list[str] = []

    async def run(self) -> None:
        number = 0
        while not self._over:
            try:
                async with self._front.rest(self._address, self._key) as client:
                    while not self._over:
                        await self._publish(client, number)
                        number += 1
            except (OSError, trio.BrokenResourceError):
                await trio.sleep(0.05)

    async def _publish(self, client: Any, number: int) -> None:
        body = {"channel": "c", "data": {"n": number}}
        while True:
            mine = f"{self._address}-{number}"
            reply = await client.call("POST", "/api/notifications", body, Idempotency_Key=mine)
            if reply.status == 202:
                self.accepted.append(reply.json["notificationId"])
                return
            assert reply.status in (502, 503, 504), reply
            await trio.sleep(0.05)

    def stop(self) -> None:
        self._over = True

    async def accepts_more(self, count: int = 20) -> None:
        wanted = len(self.accepted) + count
        while len(self.accepted) < wanted:  # noqa: ASYNC110
            await trio.sleep(0.02)


@within(90)
async def test_a_daemon_that_is_reloaded_and_replaced_loses_nothing(
    start: Starter, valkey: Valkey, tmp_path: Path, name: str
) -> None:
    async with behind(name, start, valkey, tmp_path) as (pair, made):
        followers = [Follower(made, address, pair.key) for address in ADDRESSES]
        producers = [Producer(made, address, pair.key) for address in ADDRESSES[:4]]
        async with trio.open_nursery() as nursery:
            for follower in followers:
                nursery.start_soon(follower.run)
                await follower.ready.wait()
            await both_serve(pair)
            async with trio.open_nursery() as producing:
                for producer in producers:
                    producing.start_soon(producer.run)
                for daemon in (pair.here, pair.there):
                    os.kill(daemon.process.pid, signal.SIGHUP)
                for producer in producers:
                    await producer.accepts_more()
                assert [follower.connections for follower in followers] == [1] * len(followers)
                pair.there.stay()
                assert await pair.there.terminate() == 0
                for producer in producers:
                    await producer.accepts_more()
                await pair.there.start()
                for producer in producers:
                    await producer.accepts_more()
                    producer.stop()
            wanted = {entry for producer in producers for entry in producer.accepted}
            for follower in followers:
                while len(follower.ids) < len(wanted):  # noqa: ASYNC110
                    await trio.sleep(0.02)
                assert len(follower.ids) == len(set(follower.ids))
                assert set(follower.ids) == wanted
            assert any(follower.connections > 1 for follower in followers)
            nursery.cancel_scope.cancel()
