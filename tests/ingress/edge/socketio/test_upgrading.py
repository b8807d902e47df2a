"""The way from polling to WebSocket, and those who stray from it."""

from __future__ import annotations

import pytest
import trio

from notifyd.wire.socketio.engineio import polling_binary, polling_text, websocket_text
from tests.ingress.edge.socketio.drivers import engine
from tests.ingress.edge.socketio.test_polling import held_poll, kept


async def test_what_waits_goes_over_to_the_websocket_in_order() -> None:
    async with kept() as (app, peer), peer.websocket(peer.sid) as link:
        app.link.put(polling_text("ä".encode()))
        app.link.put(polling_binary(b"\0\1"))
        app.link.ping()
        await link.say("2probe")
        await link.say("5")
        await link.say("4a")
        assert await link.hear_all(4) == ["3probe", "4ä", b"\0\1", "2"]
        await peer.served.until(lambda: app.told == ["transport changed", b"a"])
        assert app.link.transport == "websocket"
        app.link.put(websocket_text(b"direct"))
        assert await link.hear() == "4direct"


async def test_put_is_the_outboxes_own_after_the_upgrade() -> None:
    async with kept() as (app, peer), peer.websocket(peer.sid) as link:
        before = app.link.put
        await link.say("2probe")
        await link.say("5")
        await peer.served.until(lambda: app.told == ["transport changed"])
        assert app.link.put is not before
        assert type(app.link.put.__self__).__name__ == "Outbox"  # type: ignore[attr-defined]
        assert app.link.sent_bytes > 0
        assert app.link.pending_bytes == 0
        assert before(polling_text(b"late")), "who still writes to the queue is not punished, but not heard"


async def test_a_poll_that_is_held_is_released() -> None:
    async with kept() as (_, peer), held_poll(peer) as poll, peer.websocket(peer.sid) as link:
        await link.say("2probe")
        assert await link.hear() == "3probe"
        assert (await poll.answer()).body == b"6"


async def test_a_poll_that_is_held_when_the_upgrade_comes_is_refused() -> None:
    async with kept() as (app, peer), held_poll(peer) as poll, peer.websocket(peer.sid) as link:
        await link.say("2probe", "5")
        assert (await poll.answer()).status == 400
        await link.say("4a")
        await peer.served.until(lambda: app.told == ["transport changed", b"a"])


async def test_polling_goes_on_beside_a_probe() -> None:
    async with kept() as (app, peer), peer.websocket(peer.sid) as link:
        await link.say("2probe")
        assert await link.hear() == "3probe"
        assert await peer.post("4a") == (200, "ok")
        app.link.put(polling_text(b"b"))
        assert await peer.poll() == (200, "4b")
        assert app.told == [b"a"]


@pytest.mark.parametrize(
    "messages", [["5"], ["2"], ["3probe"], ["4a"], [b"\0"], ["2probe", "2probe"], ["2probe", "6"], ["2probe", b"\0"]]
)
async def test_who_strays_loses_the_websocket_and_keeps_polling(messages: list[str | bytes]) -> None:
    async with kept() as (app, peer):
        async with peer.websocket(peer.sid) as link:
            for message in messages:
                await link.say(message)
            while (heard := await link.hear()) == "3probe":
                pass
            assert heard == "close 4000"
        assert await peer.post("4a") == (200, "ok")
        assert app.told == [b"a"]
        async with peer.websocket(peer.sid) as link:
            await link.say("2probe")
            await link.say("5")
            await peer.served.until(lambda: app.told[-1] == "transport changed")


async def test_an_upgrade_that_takes_too_long() -> None:
    async with kept(upgrade_timeout_seconds=0.05) as (_, peer), peer.websocket(peer.sid) as link:
        assert await link.hear() == "close 1000"
        assert await peer.post("4a") == (200, "ok")


async def test_an_upgrade_in_time_is_not_disturbed_later() -> None:
    async with engine(upgrade_timeout_seconds=0.05) as peer, peer.upgraded() as link:
        await trio.sleep(0.1)
        await link.say("4a")
        assert await link.hear() == "4a"


async def test_an_upgrade_amidst_of_a_post_is_refused() -> None:
    going_on = trio.Event()
    async with kept() as (app, peer), trio.open_nursery() as nursery, peer.websocket(peer.sid) as link:
        app.step = going_on.wait()
        nursery.start_soon(peer.post, "4a")
        await peer.served.until(lambda: app.told == [b"a"])
        await link.say("2probe")
        await link.say("5")
        assert await link.hear_all(2) == ["3probe", "close 4000"]
        going_on.set()


async def test_the_end_of_a_session_ends_its_probe() -> None:
    async with kept() as (app, peer), peer.websocket(peer.sid) as link:
        await peer.post("1")
        assert await link.hear() == "close 1000"
        assert app.told == ["transport close"]


async def test_the_end_of_the_websocket_is_the_end_of_the_session() -> None:
    async with kept() as (app, peer):
        async with peer.websocket(peer.sid) as link:
            await link.say("2probe")
            await link.say("5")
            await peer.served.until(lambda: app.told == ["transport changed"])
            assert peer.served.app.engine.session_count == 1
        await peer.served.until(lambda: app.told == ["transport changed", "transport close"])
        assert peer.served.app.engine.session_count == peer.served.app.engine.connection_count == 0


async def test_an_unknown_sid_gets_no_websocket() -> None:
    async with engine() as peer, peer.link() as link, peer.opened():
        assert await link.upgrade_at(peer.url("websocket", "x" * 22)) == 400


async def test_polling_needs_no_upgrade_of_http() -> None:
    async with engine() as peer, peer.link() as link:
        assert await link.upgrade_at(peer.url("polling", "")) == 400
        assert await link.upgrade_at("/else") == 404
