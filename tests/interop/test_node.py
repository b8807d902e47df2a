"""The documented JavaScript clients, on Node with the npm package ws, and wscat."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.interop.programs import MODULES, documented, npm_package, program, tool

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.interop.programs import Program

pytestmark = pytest.mark.slow


def node(name: str, daemon: Daemon, key: str, folder: Path) -> AbstractAsyncContextManager[Program]:
    """Run a documented program."""
    npm_package("ws")
    script = folder / name
    script.write_text(documented(name, daemon, key))
    return program(tool("node"), str(script), folder=folder, environ={"NODE_PATH": str(MODULES)})


@within(60)
async def test_the_quick_start(daemon: Daemon, tmp_path: Path) -> None:
    key = await daemon.key()
    async with node("quick_start.js", daemon, key, tmp_path) as started, daemon.rest(key) as client:
        await started.until("type: 'connected'")
        await started.until("success: true")
        await started.until("type: 'subscribed'")
        accepted = await client.accept("updates", {"title": "New Message", "body": "Hello"}, priority=8)
        await started.until("Notification:")
        assert accepted in await started.until("id:")
        await started.until("title: 'New Message'")


@within(60)
async def test_the_client_class_gets_every_notification_in_order(daemon: Daemon, tmp_path: Path) -> None:
    key = await daemon.key()
    async with node("node_client.js", daemon, key, tmp_path) as started, daemon.rest(key) as client:
        await started.until("Connected!")
        await daemon.subscribed()
        accepted = await client.accept_batch("updates", 50)
        for identifier in accepted:
            await started.until("Received notification:")
            assert identifier in await started.until("id:")


@within(60)
async def test_a_wrong_key_reaches_the_quick_start_as_an_error(daemon: Daemon, tmp_path: Path) -> None:
    async with node("quick_start.js", daemon, "not-a-key", tmp_path) as started:
        await started.until("code: 'invalid_api_key'")
        assert await started.ended() == 0


@within(60)
async def test_wscat_authenticates_and_subscribes(daemon: Daemon, tmp_path: Path) -> None:
    npm_package("wscat")
    key = await daemon.key()
    say = [json.dumps({"type": "authenticate", "apiKey": key}), json.dumps({"type": "subscribe", "channel": "updates"})]
    command = [str(MODULES / ".bin" / "wscat"), "-c", f"ws://localhost:{daemon.http[1]}/", "-w", "30", "--no-color"]
    command += [part for message in say for part in ("-x", message)]
    async with program(tool("node"), *command, folder=tmp_path) as wscat, daemon.rest(key) as client:
        await wscat.until('"type":"subscribed"')
        accepted = await client.accept("updates", {"title": "Hello"})
        assert accepted in await wscat.until('"type":"notification"')
