"""A real daemon tells a real endpoint what happens, and the endpoint checks every signature."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import connect
from tests.webhooks.receiver import Receiver, Reply, verified

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.peer import Peer
    from tests.webhooks.receiver import Arrived

QUICK = ("events.grace_seconds=0.2", "events.retry_delay_seconds=0.05", "events.max_attempts=3")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


async def telling(start: Starter, receiver: Receiver, *settings: str, events: str = "") -> Daemon:
    """A daemon with one webhook, `hook`."""
    daemon = await start(*QUICK, *settings, started=False)
    file = daemon.folder / "n.toml"
    wanted = f"events = [{events}]\n" if events else ""
    file.write_text(f"[[webhooks]]\nname = 'hook'\nurl = '{receiver.url('/hook')}'\n{wanted}")
    daemon.environ = {"NOTIFYD_CONFIG": str(file)}
    await daemon.start()
    return daemon


def secret(daemon: Daemon) -> str:
    file = daemon.state_dir / "webhooks" / "hook.secret"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    return file.read_text().strip()


@asynccontextmanager
async def user(daemon: Daemon, user_id: str, **more: object) -> AsyncIterator[Peer]:
    async with daemon.rest() as rest:
        body = {"clientId": "default", "userId": user_id, **more}
        token = (await rest.call("POST", "/api/v1/tokens", body)).json["token"]
    async with connect(daemon.ws_url) as peer:
        assert (await peer.hear())["type"] == "connected"
        assert (await peer.ask("authenticate", token=token))["type"] == "authenticated"
        yield peer


async def told(receiver: Receiver, event_type: str, count: int = 1) -> list[Arrived]:
    return await receiver.got(count, event_type)


async def webhook(daemon: Daemon) -> dict[str, Any]:
    async with daemon.rest() as rest:
        return (await rest.call("GET", "/api/webhooks")).json["webhooks"][0]


async def counted(daemon: Daemon, figure: str) -> dict[str, Any]:
    """The webhook, once that figure has risen: it does a moment after the answer was sent."""
    while not (shown := await webhook(daemon))[figure]:
        await trio.lowlevel.checkpoint()
    return shown


@within(60)
async def test_everything_is_told_and_signed(start: Starter, receiver: Receiver) -> None:
    daemon = await telling(start, receiver, "delivery.retry_attempts=1")
    key = await daemon.key()
    async with daemon.rest(key) as rest:
        lost = await rest.accept("empty", {"a": 1})
        (unreached,) = await told(receiver, "notification.unreached")
        assert unreached.event["clientId"] == "default"
        data = unreached.event["data"]
        assert (data["notificationId"], data["channel"], data["state"], data["stored"]) == (
            lost,
            "empty",
            "dispatched",
            0,
        )
        assert "data" not in data
        async with connect(daemon.ws_url) as peer:
            await peer.authenticate(key)
            answer = await peer.ask("subscribe", channel="orders", ack=True)
            assert answer["type"] == "subscribed", answer
            assert (await told(receiver, "channel.occupied"))[0].event["data"] == {"channel": "orders"}
            refused = await rest.accept("orders", {"a": 2})
            assert (await peer.notification())["id"] == refused
            await peer.ask("nack", id=refused, reason="no")
            (dead,) = await told(receiver, "notification.dead")
            assert (dead.event["data"]["notificationId"], dead.event["data"]["stage"]) == (refused, "subscription")
        assert (await told(receiver, "channel.vacated"))[0].event["data"] == {"channel": "orders"}
        async with user(daemon, "ann"):
            assert (await told(receiver, "user.connected"))[0].event["data"] == {"userId": "ann"}
        assert (await told(receiver, "user.disconnected"))[0].event["data"] == {"userId": "ann"}
    assert all(verified(secret(daemon), call) for call in receiver.calls)
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == len(receiver.calls) == 6
    async with daemon.rest() as rest:
        (shown,) = (await rest.call("GET", "/api/webhooks")).json["webhooks"]
    assert (shown["failed"], shown["dropped"], shown["lastStatus"], shown["lastError"]) == (0, 0, 204, None)


@pytest.mark.slow
@within(40)
async def test_what_comes_back_in_time_is_not_told(start: Starter, receiver: Receiver) -> None:
    daemon = await telling(start, receiver, "events.grace_seconds=1.5", events="'user.connected', 'user.disconnected'")
    for _ in range(2):
        async with user(daemon, "ann"):
            await told(receiver, "user.connected")
    await told(receiver, "user.disconnected")
    assert [call.type for call in receiver.calls] == ["user.connected", "user.disconnected"]


@pytest.mark.slow
@within(40)
async def test_what_fails_is_told_again_and_is_a_dead_letter_in_the_end(start: Starter, receiver: Receiver) -> None:
    daemon = await telling(start, receiver)
    receiver.script("/hook", Reply(500))
    async with daemon.rest(await daemon.key()) as rest:
        await rest.accept("empty", {"a": 1})
        await told(receiver, "notification.unreached", 3)
        shown = await counted(daemon, "dead")
        assert (shown["state"], shown["failed"], shown["waiting"], shown["lastStatus"]) == ("failing", 3, 0, 500)
        letters = (await rest.call("GET", "/api/dead-letters?stage=webhook")).json["deadLetters"]
        assert [(letter["reason"], letter["channel"]) for letter in letters] == [("http_500", "hook")]
        # an event about the end of an event would lead to the next
        assert receiver.of("notification.dead") == []
        receipt = (await rest.call("GET", f"/api/notifications/{letters[0]['notificationId']}")).json["notification"]
        retries = [each for each in receipt["timeline"] if each["event"] == "retried"]
        assert [(each["receiver"], each["detail"]) for each in retries] == [("hook", "http_500")] * 2
        receiver.script("/hook", Reply(200))
        calls = receiver.of("notification.unreached")
        retried = await rest.call("POST", f"/api/dead-letters/{letters[0]['id']}/retry")
        assert retried.status == 200, retried
        again = (await told(receiver, "notification.unreached", len(calls) + 1))[-1]
        assert again.headers["webhook-id"] == calls[0].headers["webhook-id"]
        test = (await rest.call("POST", "/api/webhooks/hook/test")).json["test"]
        assert (test["taken"], test["status"]) == (True, 200)
    assert (await webhook(daemon))["state"] == "idle"
    assert verified(secret(daemon), receiver.of("webhook.test")[0])


@pytest.mark.slow  # tests/crash and tests/contract are the quick rounds
@within(40)
async def test_a_kill_loses_no_event(start: Starter, receiver: Receiver) -> None:
    daemon = await telling(start, receiver, "broker.durability=os", "events.retry_delay_seconds=600")
    receiver.script("/hook", Reply(503), Reply(204))
    async with daemon.rest(await daemon.key()) as rest:
        lost = await rest.accept("empty", {"a": 1})
        (first,) = await told(receiver, "notification.unreached")
        await counted(daemon, "failed")
    await daemon.kill()
    await daemon.start()
    _, second = await told(receiver, "notification.unreached", 2)
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.event["data"]["notificationId"] == lost
    assert verified(secret(daemon), second)


@pytest.mark.slow
@within(40)
async def test_webhooks_come_and_go_on_reload(start: Starter, receiver: Receiver) -> None:
    daemon = await start(*QUICK, started=False)
    file = daemon.folder / "n.toml"
    file.write_text("")
    daemon.environ = {"NOTIFYD_CONFIG": str(file)}
    await daemon.start()
    file.write_text(f"[[webhooks]]\nname = 'hook'\nurl = '{receiver.url('/hook')}'\n")
    assert (await daemon.ctl("config", "reload")).status == 0
    async with daemon.rest(await daemon.key()) as rest:
        await rest.accept("empty", {"a": 1})
        await told(receiver, "notification.unreached")
        file.write_text("")
        assert (await daemon.ctl("config", "reload")).status == 0
        await rest.accept("empty", {"a": 1})
        assert (await rest.call("GET", "/api/webhooks")).json["webhooks"] == []
    assert len(receiver.calls) == 1
