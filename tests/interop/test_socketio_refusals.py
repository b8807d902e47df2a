"""Stock socket.io-client: who may not come in, where credentials may come from, and tokens that end."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.interop.applications import SECRET, Application, register, socketio
from tests.interop.programs import tool
from tests.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey

__all__ = ["start_valkey"]

pytestmark = pytest.mark.slow

PAGE = "https://shop.example"


def _unsigned(application: Application) -> str:
    claims = {"sub": "alice", "clientId": application.id, "exp": 4_000_000_000}
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@within(30)
async def test_refusals_say_why(service: Daemon, tmp_path: Path) -> None:
    ours, other = await register(service), await register(service)
    nobody = Application(service, "no-such-client")
    tokens = {
        "invalid_token": "not-a-token",
        "token_bad_signature": ours.token(secret="some other secret, which is not the client's"),
        "token_expired": ours.token(seconds=-60),
        "token_wrong_client": other.token(),
        "token_no_expiry": ours.token(exp=None),
        "token_no_user": ours.token(sub=None, userId=None),
        "token_missing": "",
    }
    async with socketio(tmp_path) as remote:
        for code, token in tokens.items():
            error = await remote.refused(ours, auth={"clientId": ours.id, "token": token})
            assert (error["data"]["code"], error["data"]["message"]) == (code, error["message"])
            assert SECRET not in str(error)
        assert (await remote.refused(ours, auth={"token": _unsigned(ours)}))["data"]["code"].startswith("token_")
        assert (await remote.refused(ours))["data"]["code"] == "token_missing"
        error = await remote.refused(ours, auth={"clientId": other.id, "token": ours.token()})
        assert error["data"]["code"] == "client_mismatch"
        error = await remote.refused(nobody, auth={"token": ours.token()})
        assert error["data"]["code"] == "client_not_found"
        assert not [told for told in remote.told if told["tell"] == "connect"]


@within(30)
async def test_a_namespace_that_is_nobodys_is_invalid(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        options = {"auth": application.auth(), "forceNew": True}
        await remote.do("connect", url=application.url.replace("/client-", "/other-"), options=options)
        assert (await remote.hear("connect_error"))["message"] == "Invalid namespace"
        await remote.do("connect", url=application.url.partition("/client-")[0], options=options)
        assert (await remote.hear("connect_error"))["message"] == "Invalid namespace"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@within(60)
async def test_who_comes_while_redis_is_away_gets_in_when_it_is_back(
    start: Starter, start_valkey: Callable[..., Valkey], tmp_path: Path, transport: str
) -> None:
    valkey = start_valkey()
    daemon = await start(f"broker.url={valkey.url}", "broker.timeout_seconds=1")
    application = await register(daemon)
    async with socketio(tmp_path) as remote:
        valkey.pause()
        options = {"auth": application.auth(), "transports": [transport], "reconnectionDelay": 50}
        await remote.do("connect", url=application.url, options={**options, "reconnectionDelayMax": 100})
        assert (await remote.hear("disconnect"))["active"] is True
        valkey.go_on()
        await remote.hear("connect")
        answered = {"success": False}
        while not answered["success"]:
            # a machine that stands still may have Redis away once more
            answered = await remote.ask("notification-job", {"payload": {"n": 1}, "users": ["alice"]})
        assert (await remote.notification())["notificationId"] == answered["notificationId"]
    daemon.forgive("broker_failed")


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@within(30)
async def test_a_token_that_expires_ends_the_connection_for_good(
    service: Daemon, tmp_path: Path, transport: str
) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        # as the leeway has it, a token is good a little longer than it says
        auth = {"token": application.token(seconds=-3)}
        await remote.connect(application, auth=auth, transports=[transport], reconnectionDelay=1, timeout=1000)
        exception = (await remote.hear("exception"))["args"][0]
        assert (exception["status"], exception["code"], exception["reconnect"]) == ("error", 4004, False)
        assert "token" in exception["reason"]
        gone = await remote.hear("disconnect")
        assert (gone["reason"], gone["active"]) == ("io server disconnect", False)
        await remote.do("again", auth=application.auth())
        await remote.hear("connect")
        sent = await application.send("alice", title="with another token")
        assert (await remote.notification())["notificationId"] == sent


@within(30)
async def test_a_token_may_be_renewed_over_the_connection(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        await remote.connect(application, auth={"token": application.token(seconds=-3)}, transports=["websocket"])
        answer = await remote.ask("authenticate", {"token": application.token()})
        assert (answer["success"], answer["userId"]) == (True, "alice")
        # another connection's token ends after the first one's would have ended
        await remote.connect(application, name="b", auth={"token": application.token(seconds=-3)}, forceNew=True)
        await remote.hear("exception", "b")
        sent = await application.send("alice", title="renewed")
        assert (await remote.notification())["notificationId"] == sent


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@within(30)
async def test_credentials_in_the_query(service: Daemon, tmp_path: Path, transport: str) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        query = {"clientId": application.id, "token": application.token(), "fcmToken": "a-push-token"}
        await remote.connect(application, auth=None, query=query, transports=[transport])
        sent = await application.send("alice", title="Hello")
        assert (await remote.notification())["notificationId"] == sent
        listed = (await service.ctl("devices", "list", "--client", application.id, "-o", "json")).json
        assert [device["userId"] for device in listed] == ["alice"]


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@within(30)
async def test_a_cookie_counts_from_the_pages_of_the_client_alone(
    service: Daemon, tmp_path: Path, transport: str
) -> None:
    application = await register(service, clientUrl=f"{PAGE}/app", cookieName="session")
    cookie = {"Cookie": f"theme=dark; session={application.token()}"}

    def options(**headers: str) -> dict[str, Any]:
        return {"auth": None, "transports": [transport], "extraHeaders": cookie | headers}

    async with socketio(tmp_path) as remote:
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            error = await remote.refused(application, **options(**headers))
            assert error["data"]["code"] == "origin_not_allowed"
        await remote.connect(application, forceNew=True, **options(Origin=PAGE))
        sent = await application.send("alice", title="Hello")
        assert (await remote.notification())["notificationId"] == sent


async def _curl_headers(*arguments: str) -> dict[str, str]:
    command = [tool("curl"), "--silent", "--noproxy", "*", "--max-time", "20", "-o", "/dev/null", "-D", "-", *arguments]
    lines = (await trio.run_process(command, capture_stdout=True)).stdout.decode().split("\r\n")
    return {"status": lines[0].split()[1]} | {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:]) if value
    }


@within(30)
async def test_browsers_may_poll_from_the_pages_of_the_client_alone(service: Daemon) -> None:
    await register(service, clientUrl="https://polls.example/app")
    url = f"http://localhost:{service.http[1]}/socket.io/?EIO=4&transport=polling"
    asked = ["-X", "OPTIONS", "-H", "Access-Control-Request-Method: POST"]
    asked += ["-H", "Access-Control-Request-Headers: content-type"]
    answer = await _curl_headers(*asked, "-H", "Origin: https://polls.example", url)
    assert answer["status"] in ("200", "204")
    assert answer["access-control-allow-origin"] == "https://polls.example"
    assert answer["access-control-allow-credentials"] == "true"
    assert "POST" in answer["access-control-allow-methods"]
    assert answer["access-control-allow-headers"].lower() == "content-type"
    opened = await _curl_headers("-H", "Origin: https://polls.example", url)
    assert (opened["status"], opened["access-control-allow-origin"]) == ("200", "https://polls.example")
    for other in (await _curl_headers(*asked, "-H", "Origin: https://evil.example", url), opened):
        assert other.get("access-control-allow-origin") != "https://evil.example"
