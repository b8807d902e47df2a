"""The documented page, and Swagger UI, in headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import Peer, connect
from tests.e2e.rest import rest
from tests.interop.programs import documented, program, tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter

pytestmark = pytest.mark.slow

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--no-proxy-server",
    "--remote-debugging-port=0",
)  # fmt: skip
SHOWN = """
new Promise(resolve => {
  const div = document.getElementById('notifications');
  const look = () => div.querySelectorAll('h3').length >= COUNT
    && resolve([...div.querySelectorAll('h3, p, small')].map(part => part.textContent));
  new MutationObserver(look).observe(div, {childList: true});
  look();
})
"""
#: Clicks through an operation of Swagger UI as a person does; gives the status and the body that it shows.
TRY_OUT = """
(async () => {
  const found = selector => new Promise(resolve => {
    const look = () => { const one = document.querySelector(selector); if (one) { watch.disconnect(); resolve(one); } };
    const watch = new MutationObserver(look);
    watch.observe(document, {childList: true, subtree: true, characterData: true});
    look();
  });
  const block = '#operations-TAG-OPERATION ';
  (await found(block + '.opblock-summary-control')).click();
  (await found(block + '.try-out__btn')).click();
  (await found(block + '.execute')).click();
  const status = await found(block + '.live-responses-table tbody .response-col_status');
  const body = await found(block + '.live-responses-table .highlight-code code');
  return [status.textContent.trim(), body.textContent];
})()
"""


class Page:
    """One page of the browser."""

    def __init__(self, devtools: Peer) -> None:
        self._devtools = devtools
        self._asked = 0
        #: What it has asked of any server.
        self.requests: list[str] = []
        #: What the browser complained of: errors of scripts, and what the page's policy forbade.
        self.complaints: list[Any] = []

    async def open(self, url: str) -> None:
        """Go to *url* and wait until it is loaded, its script run."""
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)
        while (await self._hear()).get("method") != "Page.loadEventFired":
            pass

    async def _hear(self) -> dict[str, Any]:
        message = await self._devtools.hear()
        match message:
            case {"method": "Network.requestWillBeSent", "params": {"request": {"url": url}}}:
                self.requests.append(url)
            case {"method": "Log.entryAdded", "params": {"entry": {"level": "error"} as entry}}:
                self.complaints.append(entry)
            case {"method": "Runtime.exceptionThrown", "params": thrown}:
                self.complaints.append(thrown)
        return message

    async def evaluate(self, expression: str) -> Any:
        """The value of *expression* in the page, waited for when it is a promise."""
        result = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def call(self, method: str, **params: object) -> Any:
        """The result of one command of the DevTools protocol."""
        self._asked += 1
        command = {"id": self._asked, "method": method, "params": params}
        await self._devtools.ws.send_message(json.dumps(command))
        while (answer := await self._hear()).get("id") != self._asked:
            pass
        return answer["result"]


@asynccontextmanager
async def browse(url: str, folder: Path) -> AsyncIterator[Page]:
    """Open *url* in a browser of its own."""
    command = [tool("chromium", "chromium-browser", "google-chrome"), *FLAGS, f"--user-data-dir={folder / 'profile'}"]
    async with program(*command, "about:blank", folder=folder) as browser:
        line = await browser.until("DevTools listening on ")
        address = urlsplit(line.split()[-1])
        async with rest((str(address.hostname), int(address.port or 0))) as devtools:
            pages = [page for page in (await devtools.call("GET", "/json/list")).json if page["type"] == "page"]
        async with connect(pages[0]["webSocketDebuggerUrl"]) as peer:
            page = Page(peer)
            await page.open(url)
            yield page


@asynccontextmanager
async def served(page: str) -> AsyncIterator[str]:
    """A web server with one page; its URL."""
    body = page.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(stream: trio.SocketStream) -> None:
        request = b""
        while b"\r\n\r\n" not in request and (data := await stream.receive_some()):
            request += data
        if request:
            await stream.send_all(head.encode() + body)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, answer, 0)
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


@within(90)
async def test_the_documented_page_shows_notifications(daemon: Daemon, tmp_path: Path) -> None:
    key = await daemon.key()
    async with (
        served(documented("browser.html", daemon, key)) as url,
        browse(url, tmp_path) as page,
        daemon.rest(key) as client,
    ):
        await daemon.subscribed()
        for n in range(3):
            await client.accept("alerts", {"title": f"Title {n}", "body": f"Body {n}"})
        shown = await page.evaluate(SHOWN.replace("COUNT", "3"))
    assert [text for text in shown if not text.endswith("Z")] == [
        "Title 0", "Body 0", "Title 1", "Body 1", "Title 2", "Body 2",
    ]  # fmt: skip


@within(90)
async def test_a_page_of_an_origin_that_is_not_allowed_is_kept_out(start: Starter, tmp_path: Path) -> None:
    daemon = await start("websocket.allowed_origins=https://app.example.com")
    key = await daemon.key()
    async with served(documented("browser.html", daemon, key)) as url, browse(url, tmp_path) as page:
        state = await page.evaluate(
            "new Promise(resolve => ws.readyState === 3 ? resolve(3) : ws.onclose = () => resolve(ws.readyState))"
        )
    assert state == 3, "closed"


async def tried_out(page: Page, tag: str, operation: str) -> tuple[str, Any]:
    status, body = await page.evaluate(TRY_OUT.replace("TAG", tag).replace("OPERATION", operation))
    return status, json.loads(body)


@within(90)
async def test_swagger_ui_makes_calls_and_asks_nobody_else(daemon: Daemon, tmp_path: Path) -> None:
    async with browse(f"{daemon.http_url}/api/docs", tmp_path) as page:
        status, client = await tried_out(page, "Clients", "registerClient")
        assert (status, client["success"], client["appName"]) == ("201", True, "Shop")
        status, listed = await tried_out(page, "Clients", "listClients")
        assert (status, [one["id"] for one in listed["clients"]]) == ("200", ["default", client["id"]])
        sections = await page.evaluate("document.querySelectorAll('.opblock-tag-section').length")
    assert page.complaints == []
    elsewhere = [url for url in page.requests if not url.startswith((f"{daemon.http_url}/api/", "data:"))]
    assert elsewhere == []
    assert len(page.requests) > 5
    assert sections == 9


@within(90)
async def test_swagger_ui_sends_the_admin_token(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = (await daemon.ctl("tokens", "admin")).out.strip()
    async with browse(f"{daemon.http_url}/api/docs/", tmp_path) as page:
        status, refusal = await tried_out(page, "Clients", "listClients")
        assert (status, refusal["error"]["code"]) == ("401", "admin_token_required")
        await page.evaluate(f"void ui.preauthorizeApiKey('adminToken', {json.dumps(token)})")
        status, client = await tried_out(page, "Clients", "registerClient")
        assert (status, client["success"]) == ("201", True)
