"""The web console in headless Chromium: signing in, the test client, operating, keyboard, phone and colours."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.patience import within
from tests.e2e.peer import connect
from tests.interop.console_page import console

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.interop.console_page import ConsolePage

pytestmark = pytest.mark.slow

#: Would run in a page that takes texts for markup.
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
SUBSCRIBE, PUBLISH = "form[aria-label=Subscribe]", "form[aria-label=Publish]"
CLEARING = "[...document.querySelectorAll('button')].find(one => one.innerText === 'Clear…')"
#: Whether the page is light.
LIGHT = """
(([red, green, blue]) => red + green + blue > 380)(
  getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number))
"""
PARTS = ("Statistics", "Test client", "Queue", "Dead letters", "Connections", "Notification", "Logs")


async def token_of(daemon: Daemon) -> str:
    return str((await daemon.ctl("tokens", "admin")).out.strip())


async def made_key(daemon: Daemon, token: str) -> str:
    async with daemon.rest() as client:
        reply = await client.call("POST", "/api/keys", {"clientName": "e2e"}, Authorization=f"Bearer {token}")
    return str(reply.json["apiKey"])


@asynccontextmanager
async def at_console(daemon: Daemon, folder: Path, token: str = "") -> AsyncIterator[ConsolePage]:
    """The console, signed in where a token is given. At the end nothing was asked of others, and nothing went wrong."""
    async with console(daemon.http_url, folder) as page:
        if token:
            await page.tab("Statistics")
            await page.sign_in(token)
            await page.shows("#state", "ready")
        yield page
        assert await page.page.evaluate("window.hacked") is None
        assert await page.page.evaluate("[...document.querySelectorAll('img')].length") == 1, "our own icon"
    asked = page.page.requests
    assert [url for url in asked if not url.startswith((f"{daemon.http_url}/console", f"{daemon.http_url}/api/"))] == []
    assert [one for one in page.page.complaints if not expected(one)] == []


def expected(complaint: Any) -> bool:
    """What the browser itself says of answers and of links that break, which is what such a test is about."""
    text = str(complaint.get("text", ""))
    ours = ("status of 401", "status of 403", "ERR_CONNECTION")
    return complaint.get("source") == "network" and any(word in text for word in ours)


async def enter(page: ConsolePage, protocol: str) -> None:
    """Connect the test client with a credential that is made for it."""
    await page.tab("Test client")
    await page.click(".choice", protocol)
    await page.click("button", "Make one for an hour")
    await page.shows(".toast", "Made")
    await page.click("form button.primary", "Connect")
    await page.wait("document.querySelector('.state-line').dataset.state === 'open'")


async def subscribe(page: ConsolePage, channel: str) -> None:
    await page.fill("Channel", channel, SUBSCRIBE)
    await page.click(f"{SUBSCRIBE} button[type=submit]")
    await page.shows(".subscriptions", channel)


async def publish(page: ConsolePage, data: object) -> None:
    await page.fill("Data", json.dumps(data), PUBLISH)
    await page.click(f"{PUBLISH} button[type=submit]")
    await page.shows(f"{PUBLISH} [role=status]", "Accepted")


@within(120)
async def test_the_admin_token_opens_it_and_another_does_not(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    async with at_console(daemon, tmp_path) as page:
        await page.tab("Queue")
        await page.sign_in("not-the-admin-token")
        await page.shows(".error", "This is not the admin token")
        assert await page.page.evaluate("document.querySelector('#panel-queue .content').checkVisibility()") is False
        await page.sign_in(token)
        await page.shows(".state-line", "Dispatching.")
        kept = "[document.cookie, JSON.stringify({...localStorage}), document.documentElement.outerHTML]"
        assert all(token not in text for text in await page.page.evaluate(kept))
        assert await page.page.evaluate("document.cookie") == "", "scripts cannot see the session"
        await page.page.call("Page.reload")
        await page.shows(".state-line", "Dispatching.")
        await page.click("#sign", "Sign out")
        await page.shows(".sign-in", "Paste the admin token")
        assert await page.page.evaluate("fetch('/console/api/overview').then(answer => answer.status)") == 401
    assert [entry["transport"] for entry in daemon.entries("credential_refused")] == ["console"]
    assert token not in "".join(daemon.stderr)


@within(120)
@pytest.mark.parametrize("protocol", ["Raw WebSocket", "Socket.IO"])
async def test_the_test_client_receives_what_it_sends_and_resumes(
    start: Starter, tmp_path: Path, protocol: str
) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with at_console(daemon, tmp_path, token) as page, daemon.rest(key) as producer:
        await enter(page, protocol)
        await subscribe(page, "updates")
        if protocol == "Raw WebSocket":
            await publish(page, {"title": HOSTILE})
        else:
            await publish(page, {"title": "for everyone"})
            await page.shows(".delivery", "for everyone")
            await producer.accept("updates", {"title": HOSTILE})
        await page.shows(".delivery", HOSTILE)
        await page.shows(".delivery .position", ":1")
        await page.shows(".subscriptions .position", ":1")
        await page.click(".delivery button", "Receipt")
        await page.shows("dialog", "dispatched")
        await page.click("dialog button", "Close")
        await page.click("button", "Drop the link")
        await producer.accept("updates", {"title": "while it was away"})
        await page.shows(".subscriptions", "recovered: true")
        await page.shows(".delivery", "while it was away")
        shown = await page.page.evaluate("[...document.querySelectorAll('.delivery')].length")
        assert shown == (2 if protocol == "Raw WebSocket" else 3), "each once"
        frames = await page.page.evaluate("document.querySelector('[aria-label=Frames] ol').textContent")
        assert "•••" in frames
        assert "eyJ" not in frames, "no token"


@within(120)
@pytest.mark.parametrize("protocol", ["Raw WebSocket", "Socket.IO"])
async def test_it_comes_back_after_a_restart_of_the_daemon(start: Starter, tmp_path: Path, protocol: str) -> None:
    daemon = await start(dev=False)
    daemon.stay()
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with at_console(daemon, tmp_path, token) as page:
        await enter(page, protocol)
        await subscribe(page, "updates")
        async with daemon.rest(key) as producer:
            await producer.accept("updates", {"title": "before"})
        await page.shows(".delivery", "before")
        await daemon.kill()
        await page.wait("document.querySelector('.state-line').dataset.state === 'waiting'")
        await page.shows("#state", "unreachable")
        await daemon.start()
        async with daemon.rest(key) as producer:
            await producer.accept("updates", {"title": "after"})
            await page.shows(".delivery", "after")
        await page.shows(".subscriptions", "recovered: true")
        await page.shows("#state", "ready")  # still signed in


@within(120)
async def test_acks_are_given_from_the_page(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with at_console(daemon, tmp_path, token) as page, daemon.rest(key) as producer:
        await enter(page, "Raw WebSocket")
        await page.fill("With acks", "yes", SUBSCRIBE)
        await page.fill("Durable name", "ledger", SUBSCRIBE)
        await subscribe(page, "updates")
        await page.shows(".subscriptions", "acks as ledger")
        sent = await producer.accept("updates", 1)
        await page.click(".delivery button", "Ack")
        await page.shows(".delivery button", "Acked")
        assert (await producer.call("GET", f"/api/notifications/{sent}")).json["notification"]["acked"] == 1


@within(120)
async def test_dead_letters_are_read_put_back_and_dropped(start: Starter, tmp_path: Path) -> None:
    daemon = await start("delivery.retry_attempts=1", dev=False)
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with (
        at_console(daemon, tmp_path, token) as page,
        daemon.rest(key) as producer,
        connect(daemon.ws_url) as receiver,
    ):
        await receiver.authenticate(key)
        await receiver.ask("subscribe", channel=HOSTILE[:150], ack=True, durable="ledger")

        async def refuse() -> None:
            notification = await receiver.notification()
            assert (await receiver.ask("nack", id=notification["id"], reason=HOSTILE))["nacked"] == 1

        await producer.accept(HOSTILE[:150], {"note": HOSTILE})
        await refuse()
        await page.tab("Dead letters")
        await page.shows("#panel-dead-letters td", HOSTILE[:150])
        await page.click("#panel-dead-letters td button", "Details")
        await page.shows("dialog pre", HOSTILE)
        await page.shows("dialog dd", HOSTILE)
        await page.shows("dialog td", HOSTILE)
        await page.click("dialog button", "Retry")
        await page.shows(".toast", "Put back as")
        await refuse()
        await page.tab("Queue")
        await page.tab("Dead letters")
        await page.click("#panel-dead-letters td button", "Drop")
        await page.click("dialog button", "Drop it")
        await page.shows(".toast", "It was dropped.")
        await page.shows("#panel-dead-letters .empty", "Nothing was given up.")


@within(120)
async def test_the_queue_connections_and_the_log_show_hostile_texts_as_texts(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with (
        at_console(daemon, tmp_path, token) as page,
        daemon.rest(key) as producer,
        connect(daemon.ws_url) as receiver,
    ):
        await receiver.authenticate(key)
        await receiver.subscribe(HOSTILE[:150])
        waiting = await producer.accept(HOSTILE[:150], {"note": HOSTILE}, delay=600_000)
        await page.tab("Queue")
        await page.shows("#panel-queue td", HOSTILE[:150])
        await page.click("#panel-queue td a", waiting)
        await page.shows("#panel-notification dd", HOSTILE[:150])
        await page.click("#panel-notification button", "Cancel it")
        await page.shows("#panel-notification dd", "cancelled")
        await page.tab("Statistics")
        await page.shows("#panel-statistics td", HOSTILE[:150])
        await page.tab("Connections")
        await page.shows("#panel-connections td", HOSTILE[:100])
        await page.click("#panel-connections td button", "Kick")
        await page.fill("Reason, which it is told", "maintenance", "dialog")
        await page.click("dialog button", "Kick it")
        await page.shows(".toast", "was closed")
        assert (await receiver.ended()).code == 4005
        await page.tab("Logs")
        await page.shows(".log li", "connections_kicked")
        await page.shows(".log li", "console_signed_in")


@within(120)
async def test_the_queue_is_paused_resumed_and_cleared(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with at_console(daemon, tmp_path, token) as page, daemon.rest(key) as producer:
        await page.tab("Queue")
        await page.click("button", "Pause dispatching")
        await page.shows(".state-line", "Dispatching is paused")
        await producer.accept("a", 1)
        await page.click("button", "Clear…")
        await page.shows("dialog", "that wait, scheduled ones")
        await page.click("dialog button", "Keep things as they are")
        await page.shows("#panel-queue td", "default")
        await page.click("button", "Clear…")
        await page.click("dialog button", "Clear the queue")
        await page.shows(".toast", "Removed: 1")
        await page.shows("#panel-queue .empty", "Nothing waits.")
        await page.click("button", "Resume dispatching")
        await page.shows(".state-line", "Dispatching.")


@within(120)
async def test_a_session_that_another_tab_began_is_taken_over(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    async with at_console(daemon, tmp_path, token) as page:
        body = json.dumps(json.dumps({"token": token}))
        headers = json.dumps({"Content-Type": "application/json"})
        again = f"fetch('/console/api/session', {{method: 'POST', headers: {headers}, body: {body}}})"
        assert await page.page.evaluate(f"{again}.then(answer => answer.status)") == 200
        await page.tab("Queue")
        await page.click("button", "Pause dispatching")
        await page.shows(".state-line", "Dispatching is paused")


@within(120)
async def test_a_keyboard_is_enough(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    async with at_console(daemon, tmp_path) as page:
        await page.press("Tab")
        assert await page.focused() == "a Skip to the content"
        for place in ("select Auto", "button Sign in", "tab Test client"):
            await page.press("Tab")
            assert await page.focused() == place
        walked = []
        for key in ("ArrowRight", "ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"):
            await page.press(key)
            walked.append(await page.focused())
            await page.wait(
                "document.activeElement.getAttribute('aria-selected') === 'true' && document.getElementById("
                "document.activeElement.getAttribute('aria-controls')).checkVisibility()"
            )
        assert walked == [f"tab {PARTS[place]}" for place in (2, 3, 6, 0, 6, 0)]
        await page.press("Tab")
        await page.page.call("Input.insertText", text=token)
        await page.press("Enter")
        await page.shows("#state", "ready")
        await page.tab("Queue")
        await page.wait(f"({CLEARING})?.checkVisibility()")
        await page.page.evaluate(f"({CLEARING}).focus()")
        await page.press("Enter")
        await page.shows("dialog h2", "Clear the queue?")
        assert await page.focused() == "button Keep things as they are", "not the one that destroys"
        await page.press("Escape")
        await page.wait("!document.querySelector('dialog')")
        assert await page.focused() == "button Clear…"


@within(120)
async def test_it_fits_on_a_phone(start: Starter, tmp_path: Path) -> None:
    daemon = await start(dev=False)
    token = await token_of(daemon)
    key = await made_key(daemon, token)
    async with (
        at_console(daemon, tmp_path, token) as page,
        daemon.rest(key) as producer,
        connect(daemon.ws_url) as peer,
    ):
        await peer.authenticate(key)
        await peer.subscribe("x" * 120)
        await producer.accept("y" * 120, {"z": "w" * 300}, delay=600_000)
        await page.size(360, 740, phone=True)
        await enter(page, "Raw WebSocket")
        await subscribe(page, "v" * 120)
        await publish(page, {"u": "t" * 300})
        await page.shows(".delivery", "t" * 100)
        for name in PARTS:
            await page.tab(name)
            await page.wait("document.querySelector('[role=tabpanel]:not([hidden])').checkVisibility()")
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert await page.page.evaluate(wide) == 0, f"{name} is wider than the screen"


@within(120)
async def test_dark_and_light_follow_the_system_or_the_switch(start: Starter, tmp_path: Path) -> None:
    daemon = await start()
    async with at_console(daemon, tmp_path) as page:
        await page.shows("#state", "ready")  # in development nobody has to sign in
        for scheme, is_light in (("dark", False), ("light", True)):
            await page.prefer(scheme)
            assert await page.page.evaluate(LIGHT) is is_light
        for choice, is_light in (("dark", False), ("light", True), ("dark", False)):
            await page.fill("Theme", choice)
            assert await page.page.evaluate(LIGHT) is is_light
        await page.page.call("Page.reload")
        await page.wait("document.documentElement.dataset.theme === 'dark' && document.documentElement.dataset.ready")
        assert await page.page.evaluate(LIGHT) is False
