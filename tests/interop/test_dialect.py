"""Plain JSON on `/client-{clientId}`: the npm package ws, and wscat, as documented."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.patience import within
from tests.interop.applications import Application, node_script, register, socketio
from tests.interop.programs import MODULES, npm_package, program, tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.interop.applications import Remote

pytestmark = pytest.mark.slow

DOCUMENTED_MESSAGE = '{"event":"notification-job","data":{"payload":{"message":"Test"},"sockets":[]}}'


@asynccontextmanager
async def _websockets(folder: Path) -> AsyncIterator[Remote]:
    npm_package("ws")
    async with node_script("ws.js", folder) as remote:
        yield remote


def _url(application: Application, token: str | None = None, user: str = "alice") -> str:
    """The documented URL."""
    base = f"ws://localhost:{application.daemon.http[1]}/client-{application.id}"
    given = application.token(user) if token is None else token
    return f"{base}?EIO=4&transport=websocket&clientId={application.id}&token={given}"


async def _event(remote: Remote, name: str = "a") -> tuple[str, Any]:
    message = json.loads((await remote.hear("message", name))["text"])
    return message["event"], message.get("data")


@within(30)
async def test_wscat_as_documented(service: Daemon, tmp_path: Path) -> None:
    npm_package("wscat")
    application = await register(service)
    command = [str(MODULES / ".bin" / "wscat"), "-c", _url(application), "-w", "30", "--no-color"]
    async with program(tool("node"), *command, "-x", DOCUMENTED_MESSAGE, folder=tmp_path) as wscat:
        assert json.loads((await wscat.until('"event":"connected"')).lstrip("< "))["data"]["userId"] == "alice"
        received = json.loads((await wscat.until('"event":"notification"')).lstrip("< "))["data"]
        assert received["message"] == "Test"
        assert received["notificationId"]


@within(30)
async def test_both_kinds_of_sockets_meet_in_the_namespace(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with _websockets(tmp_path) as remote, socketio(tmp_path) as stock:
        await stock.connect(application, "bob")
        await remote.do("connect", url=_url(application))
        event, who = await _event(remote)
        assert (event, who["clientId"], who["userId"]) == ("connected", application.id, "alice")
        await remote.do("send", text=DOCUMENTED_MESSAGE)
        event, received = await _event(remote)
        assert (event, received["message"]) == ("notification", "Test")
        assert (await stock.notification())["notificationId"] == received["notificationId"]
        job = {"payload": {"message": "back"}, "sockets": [who["socketId"]]}
        sent = (await stock.ask("notification-job", job))["notificationId"]
        assert (await _event(remote))[1]["notificationId"] == sent
        for_user = await application.send("alice", title="inbox")
        assert (await _event(remote))[1]["notificationId"] == for_user
        assert stock.notifications(field="message") == ["Test"]


@within(30)
async def test_an_id_asks_for_an_answer(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with _websockets(tmp_path) as remote:
        await remote.do("connect", url=_url(application))
        await _event(remote)
        await remote.do("send", text='{"event":"ping"}')
        assert await _event(remote) == ("pong", None)
        await remote.do("send", text='{"event":"notification-job","id":7,"data":{"users":["bob"],"payload":1}}')
        answer = json.loads((await remote.hear("message"))["text"])
        assert (answer["event"], answer["id"], answer["data"]["status"]) == ("ack", 7, "accepted")
        for text in ("not JSON", '{"event":"no-such-event"}', '{"event":"notification-job","data":5}', "[]"):
            await remote.do("send", text=text)
            event, problem = await _event(remote)
            assert (event, problem["status"]) == ("exception", "error"), text


@within(30)
async def test_who_may_not_come_in_is_told_why(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    refusals = {
        application.token(seconds=-60): ("token_expired", 4004),
        "not-a-token": ("invalid_token", 4003),
        "": ("token_missing", 4003),
    }
    async with _websockets(tmp_path) as remote:
        for number, (token, (code, closes_with)) in enumerate(refusals.items()):
            name = str(number)
            await remote.do("connect", name, url=_url(application, token))
            event, problem = await _event(remote, name)
            assert (event, problem["code"]) == ("exception", code)
            closed = await remote.hear("close", name)
            assert (closed["code"], bool(closed["reason"])) == (closes_with, True)
        await remote.do("connect", "z", url=_url(Application(service, "no-such-client"), application.token()))
        assert (await _event(remote, "z"))[1]["code"] == "client_not_found"
