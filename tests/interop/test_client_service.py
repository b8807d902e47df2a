"""The client service as its document leads a new user through it, each call and each program as it stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.interop.programs import MODULES, documented, npm_package, program, shell, tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.slow


def _application(service: Daemon, client_id: str) -> str:
    """The documented snippets behind each other; the user, the token and the targets are for the reader to fill in."""
    secret = "your-secret-key-at-least-8-chars"
    text = documented("client_service.js", service, client_id=client_id, client_secret=secret)
    text = text.replace("'user-id'", "'user1'").replace("'your-jwt-token-signed-with-client-secret'", "token")
    return text.replace("'target-socket-id-1', 'target-socket-id-2'", "socket.id")


@within(60)
async def test_the_documented_flow(service: Daemon, tmp_path: Path) -> None:
    npm_package("socket.io-client")
    npm_package("jsonwebtoken")
    registered = await shell("register_client.sh", service)
    assert registered["success"] is True
    script = tmp_path / "application.js"
    script.write_text(_application(service, registered["id"]))
    async with program(tool("node"), str(script), folder=tmp_path, environ={"NODE_PATH": str(MODULES)}) as started:
        await started.until("Connected")
        await started.until("pong")
        await started.until("Received notification:")
        await started.until("title: 'Notification Title'")
        await started.until("notificationId:")
        devices = await service.ctl("devices", "list", "--client", registered["id"], "-o", "json")
        assert [device["userId"] for device in devices.json] == ["user1"]
        sent = await shell("notify_users.sh", service, client_id=registered["id"])
        assert (sent["success"], sent["status"]) == (True, "accepted")
        await started.until("actionUrl: 'https://example.com/action'")
        await started.until(f"notificationId: '{sent['notificationId']}'")
