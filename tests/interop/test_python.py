"""The documented Python client on websocket-client, and the package websockets."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
import trio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.patience import within
from tests.interop.programs import documented, program

if TYPE_CHECKING:
    from pathlib import Path

    from websockets.sync.client import ClientConnection

    from tests.e2e.daemon import Daemon


@within(60)
async def test_the_documented_client_gets_every_notification_in_order(service: Daemon, tmp_path: Path) -> None:
    key = await service.key()
    script = tmp_path / "client.py"
    script.write_text(documented("python_client.py", service, key))
    async with program(sys.executable, str(script), folder=tmp_path) as started, service.rest(key) as client:
        await service.subscribed()
        for identifier in await client.accept_batch("updates", 50):
            assert identifier in await started.until("Received:")


def _ask(ws: ClientConnection, **message: object) -> dict[str, object]:
    ws.send(json.dumps(message))
    return dict(json.loads(ws.recv(timeout=10)))


@within(60)
async def test_websockets_subscribes_and_pings(service: Daemon) -> None:
    key = await service.key()
    token = trio.lowlevel.current_trio_token()

    async def publish() -> list[str]:
        async with service.rest(key) as client:
            return await client.accept_batch("updates", 50)

    def subscriber() -> None:
        with connect(service.ws_url, proxy=None) as ws:
            assert json.loads(ws.recv(timeout=10))["type"] == "connected"
            assert _ask(ws, type="authenticate", apiKey=key)["type"] == "authenticated"
            assert _ask(ws, type="subscribe", channel="updates")["type"] == "subscribed"
            accepted = trio.from_thread.run(publish, trio_token=token)
            assert [json.loads(ws.recv(timeout=10))["notification"]["id"] for _ in accepted] == accepted
            assert ws.ping().wait(10), "a WebSocket ping is answered"
        assert ws.close_code == 1000

    await trio.to_thread.run_sync(subscriber)


@within(60)
async def test_websockets_learns_why_it_was_closed(service: Daemon) -> None:
    def intruder() -> tuple[int | None, str | None]:
        with connect(service.ws_url, proxy=None) as ws:
            ws.recv(timeout=10)
            assert _ask(ws, type="authenticate", apiKey="wrong")["code"] == "invalid_api_key"
            with pytest.raises(ConnectionClosed):
                ws.recv(timeout=10)
            return ws.close_code, ws.close_reason

    assert await trio.to_thread.run_sync(intruder) == (4003, "wrong credential: check the API key or the token")
