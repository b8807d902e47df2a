"""socket.io-client in a browser, where the rules for origins and cookies are the browser's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.patience import within
from tests.interop.applications import Application, register
from tests.interop.programs import npm_package
from tests.interop.test_browser import browse, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.interop.test_browser import Page

pytestmark = pytest.mark.slow

#: Connects and gives the transport of the end and the first notification, or why there is none.
CONNECT = """
new Promise(resolve => {
  const socket = io(URL, OPTIONS);
  socket.on('connect_error', error => { socket.disconnect(); resolve([error.message, error.data]); });
  socket.on('notification', first => {
    const done = () => resolve([socket.io.engine.transport.name, first.notificationId]);
    const { engine } = socket.io;
    engine.transport.name === 'websocket' || OPTIONS.transports ? done() : engine.once('upgrade', done);
  });
})
"""


def _page() -> str:
    library = npm_package("socket.io-client") / "dist" / "socket.io.min.js"
    return f"<!DOCTYPE html><script>{library.read_text().partition('//# sourceMappingURL')[0]}</script>"


async def _connect(page: Page, application: Application, **options: object) -> list[Any]:
    # a cookie is for a host, whatever the port, and the page is on this one
    url = application.url.replace("localhost", "127.0.0.1")
    script = CONNECT.replace("URL", json.dumps(url)).replace("OPTIONS", json.dumps({"forceNew": True, **options}))
    return list(await page.evaluate(script))


@within(90)
async def test_a_page_of_the_client_connects_with_a_token_or_a_cookie(service: Daemon, tmp_path: Path) -> None:
    async with served(_page()) as url, browse(url, tmp_path) as page:
        application = await register(service, clientUrl=url, cookieName="session")
        for user, transports in (("alice", ["polling"]), ("carol", ["websocket"]), ("dave", None)):
            options = {"auth": {"token": application.token(user)}} | ({"transports": transports} if transports else {})
            sent = await application.send(user, title="waits in the inbox")
            assert await _connect(page, application, **options) == [(transports or ["websocket"])[0], sent]
        await page.evaluate(f"void (document.cookie = 'session={application.token('bob')}')")
        sent = await application.send("bob", title="waits in the inbox")
        assert await _connect(page, application, withCredentials=True) == ["websocket", sent]
    assert page.complaints == []


@within(90)
async def test_a_page_of_others_does_not(service: Daemon, tmp_path: Path) -> None:
    application = await register(service, clientUrl="https://shop.example", cookieName="session")
    async with served(_page()) as url, browse(url, tmp_path) as page:
        await page.evaluate(f"void (document.cookie = 'session={application.token()}')")
        message, _ = await _connect(page, application, withCredentials=True)
        assert message == "xhr poll error"
        _, data = await _connect(page, application, withCredentials=True, transports=["websocket"])
        assert data["code"] == "origin_not_allowed"
