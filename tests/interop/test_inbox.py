"""The inbox from outside: who was away gets what was sent, once, on whatever transport; proof is a pong."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.interop.applications import Application, node_script, register, socketio
from tests.interop.programs import npm_package, shell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.interop.applications import Remote

pytestmark = pytest.mark.slow


@asynccontextmanager
async def _websockets(folder: Path) -> AsyncIterator[Remote]:
    npm_package("ws")
    async with node_script("ws.js", folder) as remote:
        yield remote


async def _message(remote: Remote) -> Any:
    return json.loads((await remote.hear("message"))["text"])


async def _undelivered(application: Application, user: str) -> int:
    async with application.daemon.rest() as client:
        reply = await client.call("GET", f"/api/v1/users/{user}/inbox?clientId={application.id}")
    assert reply.status == 200, reply
    return int(reply.json["undelivered"])


async def _proven(application: Application, user: str) -> None:
    while await _undelivered(application, user):
        await trio.lowlevel.checkpoint()


async def _authenticated(remote: Remote, application: Application, user: str, **options: object) -> None:
    """A raw WebSocket on the second port, as the channel service's users know it, with a user's token."""
    await remote.do("connect", url=application.daemon.ws_url, options=options)
    assert (await _message(remote))["type"] == "connected"
    await remote.do("send", text=json.dumps({"type": "authenticate", "token": application.token(user)}))
    assert (await _message(remote))["type"] == "authenticated"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@within(30)
async def test_who_was_away_gets_all_in_order_and_once(service: Daemon, tmp_path: Path, transport: str) -> None:
    application = await register(service)
    sent = [(await shell("notify_users.sh", service, client_id=application.id))["notificationId"] for _ in range(5)]
    async with socketio(tmp_path) as remote:
        await remote.connect(application, "user1", transports=[transport])
        first = await remote.notification()
        assert [first["notificationId"], *[(await remote.notification())["notificationId"] for _ in range(4)]] == sent
        assert (first["title"], first["data"]) == ("Notification Title", {"customField": "value"})
        await _proven(application, "user1")
        await remote.do("leave")
        await remote.hear("disconnect")
        await remote.connect(application, "user1", name="again", transports=[transport], forceNew=True)
        last = await application.send("user1", title="last")
        assert (await remote.notification("again"))["notificationId"] == last
    assert await _undelivered(application, "user2") == 5


@within(30)
async def test_a_raw_websocket_with_a_token_sees_the_same_inbox(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    sent = [await application.send("alice", n=n) for n in range(5)]
    async with _websockets(tmp_path) as remote:
        await _authenticated(remote, application, "alice")
        received = [(await _message(remote))["notification"] for _ in sent]
        assert [(each["id"], each["channel"], each["data"]) for each in received] == [
            (identifier, None, {"n": n}) for n, identifier in enumerate(sent)
        ]
        await _proven(application, "alice")
        await _authenticated(remote, application, "alice")
        last = await application.send("alice", n=5)
        assert (await _message(remote))["notification"]["id"] == last


@within(30)
async def test_a_websocket_that_answers_no_ping_proves_nothing(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    sent = [await application.send("alice", n=n) for n in range(5)]
    async with _websockets(tmp_path) as remote, socketio(tmp_path) as stock:
        await _authenticated(remote, application, "alice", autoPong=False)
        assert [(await _message(remote))["notification"]["id"] for _ in sent] == sent
        await remote.hear("ping")
        sent.append(await application.send("alice", n=5))
        assert (await _message(remote))["notification"]["id"] == sent[-1]
        assert await _undelivered(application, "alice") == 6
        await remote.do("terminate")
        await remote.hear("close")
        await stock.connect(application)
        assert [(await stock.notification())["notificationId"] for _ in sent] == sent
        await _proven(application, "alice")


@within(30)
async def test_an_engine_that_answers_no_ping_proves_nothing(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    sent = [await application.send("alice", n=n) for n in range(5)]
    async with _websockets(tmp_path) as remote, socketio(tmp_path) as stock:
        url = f"ws://localhost:{service.http[1]}/socket.io/?EIO=4&transport=websocket"
        await remote.do("connect", url=url)
        assert (await remote.hear("message"))["text"].startswith("0{")
        auth = json.dumps(application.auth())
        await remote.do("send", text=f"40/client-{application.id},{auth}")
        assert (await remote.hear("message"))["text"].startswith(f"40/client-{application.id},")
        for identifier in sent:
            assert identifier in (await remote.hear("message"))["text"]
        assert (await remote.hear("message"))["text"] == "2"
        assert await _undelivered(application, "alice") == 5
        await remote.do("terminate")
        await remote.hear("close")
        await stock.connect(application)
        assert [(await stock.notification())["notificationId"] for _ in sent] == sent
        await _proven(application, "alice")


@within(30)
async def test_the_inbox_lasts_over_a_daemon_that_is_killed(daemon: Daemon, tmp_path: Path) -> None:
    daemon.stay()
    application = await register(daemon)
    sent = [await application.send("alice", n=n) for n in range(5)]
    await daemon.kill()
    await daemon.start()
    async with socketio(tmp_path) as remote:
        await remote.connect(application)
        assert [(await remote.notification())["notificationId"] for _ in sent] == sent


@within(30)
async def test_every_connection_of_a_user_gets_it_on_whatever_transport(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with _websockets(tmp_path) as remote, socketio(tmp_path) as stock:
        await _authenticated(remote, application, "alice")
        for name, transport in (("a", "polling"), ("b", "websocket")):
            await stock.connect(application, name=name, forceNew=True, transports=[transport])
        sent = await application.send("alice", title="Hello")
        assert (await _message(remote))["notification"]["id"] == sent
        for name in ("a", "b"):
            assert (await stock.notification(name))["notificationId"] == sent
