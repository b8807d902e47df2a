"""Stock socket.io-client: transports, jobs, namespaces, binary arguments, devices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.patience import within
from tests.interop.applications import register, socketio

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.slow

POLLING_ONLY = {"transports": ["polling"]}
WEBSOCKET_ONLY = {"transports": ["websocket"]}


@within(30)
async def test_default_options_begin_with_polling_and_upgrade(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        connected = await remote.connect(application)
        assert connected["recovered"] is False
        assert (await remote.hear("open"))["transport"] == "polling"
        assert (await remote.hear("upgrade"))["transport"] == "websocket"
        sent = await application.send("alice", title="Hello")
        assert (await remote.notification())["notificationId"] == sent
        await remote.do("status")
        assert (await remote.hear("status"))["transport"] == "websocket"
        listed = (await service.ctl("connections", "list", "-o", "json")).json
        assert [(each["id"], each["userId"]) for each in listed if each["clientId"] == application.id] == [
            (connected["id"], "alice")
        ]


@pytest.mark.parametrize(
    ("transports", "begins_with"),
    [(["websocket"], "websocket"), (["polling"], "polling"), (["websocket", "polling"], "websocket")],
)
@within(30)
async def test_one_transport(service: Daemon, tmp_path: Path, transports: list[str], begins_with: str) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        await remote.connect(application, transports=transports)
        assert (await remote.hear("open"))["transport"] == begins_with
        sent = [await application.send("alice", n=n) for n in range(3)]
        assert [(await remote.notification())["notificationId"] for _ in sent] == sent
        await remote.do("emit", event="ping", args=[])
        assert (await remote.hear("pong"))["args"] == []
        await remote.do("status")
        assert (await remote.hear("status"))["transport"] == begins_with


@pytest.mark.parametrize("options", [POLLING_ONLY, WEBSOCKET_ONLY])
@within(30)
async def test_jobs_reach_everyone_single_sockets_or_users(
    service: Daemon, tmp_path: Path, options: dict[str, Any]
) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        await remote.connect(application, "alice", name="a", **options)
        bob = await remote.connect(application, "bob", name="b", forceNew=True, **options)
        everyone = await remote.ask("notification-job", {"payload": {"title": "all"}, "sockets": []})
        assert (everyone["success"], everyone["status"]) == (True, "accepted")
        for name in ("a", "b"):
            received = await remote.notification(name)
            assert (received["title"], received["notificationId"]) == ("all", everyone["notificationId"])
        to_bob = await remote.ask("notification-job", {"payload": {"title": "one"}, "sockets": [bob["id"]]})
        assert (await remote.notification("b"))["notificationId"] == to_bob["notificationId"]
        await remote.do("emit", event="notification-job", args=[{"payload": {"title": "user"}, "users": ["alice"]}])
        assert (await remote.notification("a"))["title"] == "user"
        await remote.ask("notification-job", {"payload": {"title": "end"}})
        for name in ("a", "b"):
            assert (await remote.notification(name))["title"] == "end"
        assert remote.notifications("a", "title") == ["all", "user", "end"]
        assert remote.notifications("b", "title") == ["all", "one", "end"]


@within(30)
async def test_a_notification_has_the_fields_of_its_payload(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    payload = {
        "title": "T",
        "body": "ü🎈",
        "data": {"customField": "value", "n": [1, None, 2.5]},
        "actionUrl": "https://x",
    }
    async with socketio(tmp_path) as remote:
        await remote.connect(application)
        receipt = await remote.ask("notification-job", {"payload": payload})
        received = await remote.notification()
    ours = {"notificationId": receipt["notificationId"], "timestamp": received["timestamp"]}
    assert received == payload | ours
    assert received["timestamp"].endswith("Z")
    assert datetime.fromisoformat(received["timestamp"]).tzinfo is not None


@within(30)
async def test_two_namespaces_share_one_transport(service: Daemon, tmp_path: Path) -> None:
    shop, desk = await register(service, appName="Shop"), await register(service, appName="Desk")
    async with socketio(tmp_path) as remote:
        await remote.connect(shop, name="shop")
        await remote.connect(desk, name="desk")
        engines = []
        for name in ("shop", "desk"):
            await remote.do("status", name)
            engines.append((await remote.hear("status", name))["engine"])
        assert engines[0] == engines[1]
        to_desk = await desk.send("alice", title="desk")
        assert (await remote.notification("desk"))["notificationId"] == to_desk
        await remote.do("leave", "desk")
        await remote.hear("disconnect", "desk")
        to_shop = await shop.send("alice", title="shop")
        assert (await remote.notification("shop"))["notificationId"] == to_shop
        assert (remote.notifications("shop"), remote.notifications("desk")) == ([to_shop], [to_desk])


@pytest.mark.parametrize("options", [POLLING_ONLY, WEBSOCKET_ONLY])
@within(30)
async def test_binary_arguments_are_refused_and_harm_nothing(
    service: Daemon, tmp_path: Path, options: dict[str, Any]
) -> None:
    application = await register(service)
    buffer = {"$hex": "00ff10"}
    async with socketio(tmp_path) as remote:
        await remote.connect(application, **options)
        answer = await remote.ask("notification-job", {"payload": {"picture": buffer}})
        assert answer["success"] is False
        assert "binary" in answer["error"]["message"]
        await remote.do("emit", event="notification-job", args=[buffer])
        assert (await remote.hear("exception"))["args"][0]["status"] == "error"
        assert await remote.ask("ping", buffer) == {"type": "Buffer", "data": [0, 255, 16]}
        sent = await application.send("alice", title="still here")
        assert (await remote.notification())["notificationId"] == sent
        await remote.do("status")
        assert (await remote.hear("status"))["connected"] is True


@within(30)
async def test_a_push_token_at_connect_registers_a_device(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        await remote.connect(application, auth=application.auth(fcmToken="a-push-token-of-alice"))
        listed = (await service.ctl("devices", "list", "--client", application.id, "-o", "json")).json
        assert [device["userId"] for device in listed] == ["alice"]
        assert "a-push-token-of-alice" not in str(listed)


@within(30)
async def test_an_unknown_event_is_told_with_and_without_ack(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        await remote.connect(application)
        assert (await remote.ask("no-such-event", 1))["error"]["code"] == "unknown_event"
        await remote.do("emit", event="no-such-event", args=[])
        assert (await remote.hear("exception"))["args"][0]["code"] == "unknown_event"
