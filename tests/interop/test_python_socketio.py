"""python-socketio's own client: both transports, acks, refusals, reconnecting."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.patience import within
from tests.interop.applications import Application, Remote, register, socketio
from tests.interop.programs import HERE, program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.slow

TRANSPORTS = pytest.mark.parametrize("transports", [None, ["websocket"], ["polling"]], ids=str)


@asynccontextmanager
async def _python(folder: Path) -> AsyncIterator[Remote]:
    async with program(sys.executable, str(HERE / "scripts" / "python_client.py"), folder=folder) as running:
        remote = Remote(running)
        await remote.hear("ready", "")
        yield remote


async def _connect(remote: Remote, application: Application, user: str = "alice", **options: Any) -> None:
    options.setdefault("auth", application.auth(user))
    url, _, namespace = application.url.rpartition("/")
    await remote.do("connect", url=url, namespace=f"/{namespace}", options=options)


@TRANSPORTS
@within(30)
async def test_handlers_of_one_argument_do(service: Daemon, tmp_path: Path, transports: list[str] | None) -> None:
    application = await register(service)
    waited = await application.send("alice", title="waited")
    async with _python(tmp_path) as remote:
        await _connect(remote, application, transports=transports)
        assert (await remote.hear("connect"))["id"]
        assert (await remote.notification())["notificationId"] == waited
        live = await application.send("alice", title="live")
        received = await remote.notification()
        assert (received["notificationId"], received["title"]) == (live, "live")
        job = {"payload": {"title": "everyone"}}
        answer = await remote.ask("notification-job", job)
        assert (answer["success"], answer["status"]) == (True, "accepted")
        assert (await remote.notification())["notificationId"] == answer["notificationId"]
        await remote.do("call", event="ping", args=["x"])
        assert (await remote.hear("called"))["answer"] == "x"
        assert (await remote.hear("pong"))["args"] == ["x"]


@within(30)
async def test_python_hears_what_javascript_sends_and_why_it_is_refused(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with _python(tmp_path) as remote, socketio(tmp_path) as stock:
        await _connect(remote, application)
        await remote.hear("connect")
        await stock.connect(application, "bob")
        sent = await stock.ask("notification-job", {"payload": {"title": "from JavaScript"}, "users": ["alice"]})
        assert (await remote.notification())["notificationId"] == sent["notificationId"]
        await remote.do("emit", event="no-such-event", args=[1])
        assert (await remote.hear("exception"))["args"][0]["code"] == "unknown_event"


@within(30)
async def test_a_refusal_is_told_to_python(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with _python(tmp_path) as remote:
        await _connect(remote, application, auth={"token": application.token(seconds=-60)}, transports=["websocket"])
        error = (await remote.hear("connect_error"))["data"]
        assert (error["data"]["code"], error["data"]["message"]) == ("token_expired", error["message"])
        await remote.hear("refused")


@pytest.mark.parametrize("transports", [["websocket"], ["polling"]], ids=str)
@within(60)
async def test_python_comes_back_to_a_daemon_that_was_killed(
    daemon: Daemon, tmp_path: Path, transports: list[str]
) -> None:
    daemon.stay()
    application = await register(daemon)
    async with _python(tmp_path) as remote:
        await _connect(remote, application, transports=transports)
        await remote.hear("connect")
        await daemon.kill()
        await remote.hear("disconnect")
        await daemon.start()
        missed = await application.send("alice", title="missed")
        await remote.hear("connect")
        assert (await remote.notification())["notificationId"] == missed
