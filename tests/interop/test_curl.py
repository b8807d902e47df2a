"""The documented curl calls, and the rest of the documented REST interface by curl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import trio

from tests.e2e.patience import within
from tests.e2e.peer import join
from tests.interop.programs import program, shell, tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon


async def curl(daemon: Daemon, method: str, path: str, *, key: str = "", body: object = None) -> Any:
    """One call as curl makes it."""
    command = [tool("curl"), "--silent", "--noproxy", "*", "--max-time", "20", "-X", method]
    command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
    command += ["-H", f"X-API-Key: {key}"] if key else []
    done = await trio.run_process([*command, f"http://localhost:{daemon.http[1]}{path}"], capture_stdout=True)
    return json.loads(done.stdout)


@within(60)
async def test_the_documented_calls_as_they_stand(service: Daemon) -> None:
    made = await shell("create_key.sh", service)
    assert (made["success"], made["clientName"]) == (True, "MyApp")
    assert made["message"] == "API key created successfully"
    async with join(service.ws_url, made["apiKey"], "updates") as peer:
        sent = await shell("send.sh", service, made["apiKey"])
        received = await peer.notification()
    assert (sent["success"], sent["status"]) == (True, "accepted")
    assert received["id"] == sent["notificationId"]
    assert received["data"] == {"title": "New Message", "body": "You have a new notification!"}
    assert received["timestamp"].endswith("Z")


@within(60)
async def test_keys(service: Daemon) -> None:
    made = await curl(service, "POST", "/api/keys", body={"clientName": "MyApp"})
    listed = await curl(service, "GET", "/api/keys")
    names = {key["id"]: key["clientName"] for key in listed["keys"]}
    assert (listed["success"], names[made["keyId"]]) == (True, "MyApp")
    assert made["apiKey"] not in json.dumps(listed)
    for name in (made["apiKey"], made["keyId"]):
        assert (await curl(service, "GET", f"/api/keys/{name}"))["key"]["id"] == made["keyId"]
    assert (await curl(service, "DELETE", f"/api/keys/{made['apiKey']}"))["success"] is True
    refused = await curl(service, "POST", "/api/notifications", key=made["apiKey"], body={"channel": "c", "data": 1})
    assert refused["success"] is False
    assert refused["error"]["requestId"]


@within(60)
async def test_a_broadcast_reaches_who_has_not_subscribed(service: Daemon) -> None:
    key = await service.key()
    body = {"channel": "news", "data": {"message": "Broadcast message"}, "priority": 7}
    async with join(service.ws_url, key) as peer:
        sent = await curl(service, "POST", "/api/notifications/broadcast", key=key, body=body)
        received = await peer.notification()
    assert (received["id"], received["channel"]) == (sent["notificationId"], "news")
    assert received["data"] == body["data"]


@within(60)
async def test_monitoring(daemon: Daemon) -> None:
    assert (await curl(daemon, "GET", "/api/health"))["status"] == "ok"
    assert (await curl(daemon, "GET", "/api/stats"))["stats"]["connections"] == 0
    assert (await curl(daemon, "GET", "/api/stats/queue"))["queue"]["waiting"] == 0
    assert (await curl(daemon, "DELETE", "/api/queue"))["cleared"] == 0


@within(60)
async def test_curl_is_a_subscriber(service: Daemon, tmp_path: Path) -> None:
    key = await service.key()
    url = f"http://localhost:{service.http[1]}/api/channels/updates/events"
    options = ["--silent", "-N", "--noproxy", "*", "--max-time", "30", "-D", "-"]
    async with service.rest(key) as client:
        async with program(tool("curl"), *options, "-H", f"X-API-Key: {key}", url, folder=tmp_path) as started:
            await started.until("text/event-stream")
            await started.until('"position"')
            first = await client.accept("updates", {"n": 1})
            event_id = (await started.until("id: ")).removeprefix("id: ").strip()
            assert first in await started.until("data: ")
        missed = await client.accept("updates", {"n": 2})
        again = ["-H", f"X-API-Key: {key}", "-H", f"Last-Event-ID: {event_id}"]
        async with program(tool("curl"), *options, *again, url, folder=tmp_path) as started:
            await started.until('"recovered":true')
            assert missed in await started.until("data: ")
