"""A session of the web console over several processes, and over lives of the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.workers import settings
from tests.valkey import valkey

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.rest import Reply
    from tests.valkey import Valkey

__all__ = ["valkey"]

pytestmark = pytest.mark.slow

CALLS = 12


class Browser:
    """Keeps a cookie, and opens a connection for each call, so that any worker may get it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._headers: dict[str, str] = {}

    async def call(self, method: str, path: str, body: Any = None) -> Reply:
        async with self._daemon.rest() as client:
            sent = {"Origin": self._daemon.http_url, **self._headers}
            return await client.call(method, f"/console/api{path}", body, **sent)

    async def sign_in(self) -> None:
        token = (await self._daemon.ctl("tokens", "admin")).out.strip()
        reply = await self.call("POST", "/session", {"token": token})
        assert reply.status == 200, reply
        self._headers["Cookie"] = reply.headers["set-cookie"].partition(";")[0]
        self._headers["X_CSRF_Token"] = reply.json["csrfToken"]

    async def statuses(self) -> set[int]:
        return {(await self.call("GET", "/overview")).status for _ in range(CALLS)}


@within(60)
async def test_every_worker_knows_the_session_and_its_end(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2), dev=False)
    browser = Browser(daemon)
    await browser.sign_in()
    assert await browser.statuses() == {200}
    assert {(await browser.call("POST", "/queue/pause", {})).json["queue"]["paused"] for _ in range(CALLS)} == {True}
    assert (await browser.call("DELETE", "/session")).status == 200
    while await browser.statuses() != {401}:  # noqa: ASYNC110 - the others are told through Redis
        await trio.sleep(0.02)


@within(60)
async def test_a_session_outlives_the_daemon_and_ends_with_the_admin_token(start: Starter) -> None:
    daemon = await start(dev=False)
    daemon.stay()
    browser = Browser(daemon)
    await browser.sign_in()
    await daemon.terminate()
    await daemon.start()
    assert await browser.statuses() == {200}
    await daemon.terminate()
    (daemon.state_dir / "admin.token").unlink()
    await daemon.start()
    assert await browser.statuses() == {401}
