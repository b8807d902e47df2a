"""What a client's end, and its secret's, do to those who came by it, on every transport; nobody else notices."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import grpc
import jwt
import msgspec
import pytest
import trio

from notifyd.v1 import client_pb2 as pb
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.e2e.hostile import App, register
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import Ended
from tests.e2e.sockets import SocketIo, WebSocket, websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.rest import Reply

#: DESIGN section 8: every connection of a client ends so soon.
SECONDS = 5.0
Ending = tuple[str, str]


class Crowd:
    """One connection of each kind, of one user of *app* and of its key."""

    def __init__(self, app: App, key: str, stack: AsyncExitStack) -> None:
        self._app = app
        self._key = key
        self._stack = stack
        self._peers: dict[str, Callable[[], Awaitable[Ending]]] = {}

    async def gather(self) -> Crowd:
        """Connect them all."""
        app, daemon = self._app, self._app.daemon
        io = await self._stack.enter_async_context(app.socket())
        self._peers["socketio"] = lambda: _end_of_socket(io)
        _, polls = await self._stack.enter_async_context(app.polling())
        self._peers["polling"] = lambda: _end_of_socket(polls)
        dialect = await self._stack.enter_async_context(websocket(daemon.http, f"{app.namespace}?token={app.token()}"))
        self._peers["dialect"] = lambda: _end_of_websocket(dialect)
        for name, credential in (("token", {"token": app.token()}), ("key", {"apiKey": self._key})):
            ws = await self._stack.enter_async_context(websocket(daemon.ws, "/"))
            await ws.hear()
            await ws.send(msgspec.json.encode({"type": "authenticate", **credential}).decode())
            assert '"success":true' in str(await ws.hear())
            self._peers[f"native with {name}"] = lambda ws=ws: _end_of_websocket(ws)  # type: ignore[misc]
        self._peers["sse"] = await self._events()
        self._peers["grpc"] = await self._stream()
        return self

    async def _events(self) -> Callable[[], Awaitable[Ending]]:
        stream = await self._stack.enter_async_context(await trio.open_tcp_stream(*self._app.daemon.http))
        head = f"GET /api/channels/news/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {self._key}\r\n\r\n"
        await stream.send_all(head.encode())
        assert b"200" in await stream.receive_some(65_536)

        async def end() -> Ending:
            text = b"".join([chunk async for chunk in stream]).decode()
            return "ended", text

        return end

    async def _stream(self) -> Callable[[], Awaitable[Ending]]:
        channel = self._stack.enter_context(grpc.insecure_channel(self._app.daemon.grpc))
        metadata = (("authorization", f"Bearer {self._app.token()}"),)
        stream = NotificationServiceStub(channel).Subscribe(pb.SubscribeRequest(), metadata=metadata, timeout=60)
        await trio.to_thread.run_sync(next, stream)

        def read() -> Ending:
            with pytest.raises(grpc.RpcError) as problem:
                list(stream)
            return str(problem.value.code().name), str(problem.value.details())  # type: ignore[attr-defined]

        return lambda: trio.to_thread.run_sync(read, abandon_on_cancel=True)

    async def endings(self, *names: str) -> dict[str, Ending]:
        """How those named (all, if none is) end, within the time that they have."""
        found: dict[str, Ending] = {}

        async def wait(name: str) -> None:
            found[name] = await self._peers[name]()

        with trio.fail_after(SECONDS * PATIENCE):
            async with trio.open_nursery() as nursery:
                for name in names or self._peers:
                    nursery.start_soon(wait, name)
        return found


async def _end_of_websocket(ws: WebSocket) -> Ending:
    end = await ws.ended()
    return str(end.code), end.reason


async def _end_of_socket(io: SocketIo) -> Ending:
    """A namespace is left with an `exception` that says why, after which stock clients stay away."""
    told = ""
    while isinstance(packet := await io.hear(), str):
        if packet == f"1{io.namespace},":
            return "disconnect", told
        told = packet
    return "closed", told


async def call(daemon: Daemon, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """One REST call."""
    async with daemon.rest() as client:
        return await client.call(method, path, body, **headers)


@pytest.fixture
async def stack(start: Starter) -> AsyncIterator[AsyncExitStack]:
    """Left while the daemons still run."""
    async with AsyncExitStack() as stack:
        yield stack


async def crowd(app: App, stack: AsyncExitStack) -> tuple[Crowd, str]:
    """Everybody of *app*, and its key."""
    key = await app.daemon.key(clientId=app.id)
    return await Crowd(app, key, stack).gather(), key


@pytest.mark.slow
@within(60)
async def test_a_removed_client_ends_everywhere_and_leaves_nothing(start: Starter, stack: AsyncExitStack) -> None:
    daemon = await start("websocket.close_seconds=0.3")
    gone, stays = await register(daemon), await register(daemon)
    crowds = [await crowd(app, stack) for app in (gone, stays)]
    key = crowds[0][1]
    body = {"clientId": gone.id, "users": ["absent"], "payload": 1}
    assert (await call(daemon, "POST", "/api/v1/notifications", body)).status == 202
    device = {"clientId": gone.id, "userId": "alice", "fcmToken": "push-token"}
    assert (await call(daemon, "POST", "/api/v1/devices", device)).status == 201

    assert (await call(daemon, "DELETE", f"/api/v1/clients/{gone.id}")).status == 200
    reason = "the client was removed: register it again"
    endings = await crowds[0][0].endings()
    for name in ("native with token", "native with key", "dialect"):
        assert endings[name] == ("4004", reason)
    for name in ("socketio", "polling"):
        assert endings[name][0] == "disconnect", endings
    for name, (_, told) in endings.items():
        assert reason in told, (name, told)

    refused = await call(daemon, "POST", "/api/notifications", {"channel": "news", "data": 1}, X_API_Key=key)
    assert (refused.status, refused.json["error"]["code"]) == (401, "invalid_api_key")
    for path in (f"/api/v1/devices?clientId={gone.id}", f"/api/v1/users/absent/inbox?clientId={gone.id}"):
        assert (await call(daemon, "GET", path)).status == 404
    assert (await call(daemon, "GET", f"/api/keys?clientId={gone.id}")).json["keys"] == []
    with pytest.raises(AssertionError, match="client_not_found"):
        async with gone.socket():
            pass
    await _all_live(daemon, stays, crowds[1][0])


async def _all_live(daemon: Daemon, app: App, crowd: Crowd) -> None:
    """Each of *app*'s connections still receives."""
    # who did not answer the close is waited for a little
    while (await call(daemon, "GET", "/api/stats")).json["stats"]["connections"] > 7:  # noqa: ASYNC110
        await trio.sleep(0.05)
    with pytest.raises(trio.TooSlowError), trio.fail_after(0.3):
        await crowd.endings()
    reply = await call(daemon, "POST", "/api/v1/notifications", {"clientId": app.id, "users": ["alice"], "payload": 1})
    receipt = f"/api/notifications/{reply.json['notificationId']}"
    while (found := (await call(daemon, "GET", receipt)).json["notification"])["state"] == "waiting":
        pass
    assert found["delivered"] == 5  # all that came with a token


USERS = ("socketio", "polling", "dialect", "native with token", "grpc")


async def rotate(app: App, overlap_seconds: float, secret: str) -> None:
    """Replace the secret."""
    body = {"clientSecret": secret, "overlapSeconds": overlap_seconds}
    reply = await call(app.daemon, "POST", f"/api/v1/clients/{app.id}/rotate-secret", body)
    assert reply.status == 200, reply


@within(60)
async def test_a_rotation_without_overlap_ends_who_came_by_the_old_secret(
    service: Daemon, stack: AsyncExitStack
) -> None:
    app = await register(service)
    everybody, key = await crowd(app, stack)
    await rotate(app, 0, "another-secret-that-is-long-enough-too")
    for name, (_, told) in (await everybody.endings(*USERS)).items():
        assert "the secret behind the token was replaced: get a new token" in told, (name, told)
    with pytest.raises(AssertionError, match="token_bad_signature"):
        async with app.socket():
            pass
    # keys are no part of it
    for name in ("native with key", "sse"):
        with pytest.raises(trio.TooSlowError), trio.fail_after(0.2):
            await everybody.endings(name)
    assert (await call(service, "POST", "/api/notifications", {"channel": "c", "data": 1}, X_API_Key=key)).status == 202


@pytest.mark.slow
@within(60)
async def test_an_overlap_lets_them_live_until_it_ends(service: Daemon, stack: AsyncExitStack) -> None:
    app = await register(service)
    everybody, _ = await crowd(app, stack)
    await rotate(app, 2.0, "another-secret-that-is-long-enough-too")
    rotated_at = trio.current_time()
    async with app.socket() as late:  # by a token of the secret before
        assert (await late.ask("ping"))[0] is None
        renewed = {"clientId": app.id, "userId": "alice", "exp": int(time.time()) + 600}
        new = jwt.encode(renewed, "another-secret-that-is-long-enough-too", algorithm="HS256")
        async with app.socket(token=new) as fresh, app.socket("bob") as renewing:
            again = jwt.encode(
                {**renewed, "userId": "bob"}, "another-secret-that-is-long-enough-too", algorithm="HS256"
            )
            assert (await renewing.ask("authenticate", {"token": again}))[0]["success"]
            endings = await everybody.endings(*USERS)
            assert trio.current_time() - rotated_at >= 1.9
            assert endings.keys() == set(USERS)
            assert isinstance(await late.hear(), str)
            for io in (fresh, renewing):
                assert (await io.ask("ping"))[0] is None
    with pytest.raises(AssertionError, match="token_bad_signature"):
        async with app.socket():
            pass


@within(60)
async def test_a_live_connection_ends_with_its_token(service: Daemon) -> None:
    app = await register(service)
    short = app.token("alice", exp=int(time.time()) + 2)
    async with app.socket(token=short) as io, websocket(service.ws, "/") as ws:
        await ws.hear()
        await ws.send(msgspec.json.encode({"type": "authenticate", "token": short}).decode())
        with trio.fail_after(8 * PATIENCE):
            kind, told = await _end_of_socket(io)
            assert (kind, "expired" in told) == ("disconnect", True), told
            end = await ws.ended()
        assert isinstance(end, Ended)
        assert end.code == 4004
        assert "expired" in end.reason
