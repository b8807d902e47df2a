"""Stock socket.io-client: connections that break, daemons that start again, state that is recovered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.e2e.patience import within
from tests.interop.applications import Application, register, socketio

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.interop.applications import Remote

pytestmark = pytest.mark.slow

#: By itself, and as often as possible.
QUICK: dict[str, Any] = {"reconnectionDelay": 50, "reconnectionDelayMax": 200}
#: When the test says so, so that something has been missed for certain.
WHEN_TOLD: dict[str, Any] = {"reconnection": False}
EVERY_WAY = pytest.mark.parametrize("transports", [["polling", "websocket"], ["websocket"], ["polling"]], ids="-".join)


async def _publish(remote: Remote, application: Application, sid: str) -> list[str]:
    """One to the user, one to everyone, one to the socket, by turns; what they are called."""
    jobs = ({"payload": {"to": "all"}}, {"payload": {"to": "socket"}, "sockets": [sid]})
    ids: list[str] = []
    for _ in range(2):
        ids.append(await application.send("alice", to="user"))
        ids += [(await remote.ask("notification-job", job, name="other"))["notificationId"] for job in jobs]
    return ids


async def _other(remote: Remote, application: Application) -> None:
    await remote.connect(application, "bob", name="other", forceNew=True, transports=["websocket"], **QUICK)


async def _received(remote: Remote, application: Application, expected: list[str]) -> None:
    """What *a* has received in all, up to a last one that it waits for."""
    last = await application.send("alice", to="user")
    while (await remote.notification())["notificationId"] != last:
        pass
    assert remote.notifications() == [*expected, last]


@EVERY_WAY
@within(30)
async def test_what_was_missed_comes_once_and_in_order(service: Daemon, tmp_path: Path, transports: list[str]) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        sid = (await remote.connect(application, transports=transports, **WHEN_TOLD))["id"]
        await _other(remote, application)
        before = await _publish(remote, application, sid)
        while remote.notifications() != before:
            await remote.notification()
        await remote.do("drop")
        await remote.hear("disconnect")
        missed = await _publish(remote, application, sid)
        await remote.do("again")
        back = await remote.hear("connect")
        assert (back["recovered"], back["id"]) == (True, sid)
        await _received(remote, application, before + missed)


@EVERY_WAY
@within(30)
async def test_also_where_nothing_was_sent_before(service: Daemon, tmp_path: Path, transports: list[str]) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        sid = (await remote.connect(application, transports=transports, **WHEN_TOLD))["id"]
        await _other(remote, application)
        await remote.do("drop")
        await remote.hear("disconnect")
        missed = await _publish(remote, application, sid)
        await remote.do("again")
        back = await remote.hear("connect")
        assert (back["recovered"], back["id"]) == (True, sid)
        await _received(remote, application, missed)


@pytest.mark.parametrize("transports", [["polling", "websocket"], ["polling"]], ids="-".join)
@within(60)
async def test_also_over_a_daemon_that_is_killed(start: Starter, tmp_path: Path, transports: list[str]) -> None:
    daemon = await start()
    daemon.stay()
    application = await register(daemon)
    async with socketio(tmp_path) as remote:
        sid = (await remote.connect(application, transports=transports, **WHEN_TOLD))["id"]
        await _other(remote, application)
        before = await _publish(remote, application, sid)
        while remote.notifications() != before:
            await remote.notification()
        await daemon.kill()
        await remote.hear("disconnect")
        await daemon.start()
        await remote.hear("connect", "other")
        missed = await _publish(remote, application, sid)
        await remote.do("again")
        back = await remote.hear("connect")
        assert (back["recovered"], back["id"]) == (True, sid)
        await _received(remote, application, [*before, *missed])


@EVERY_WAY
@within(60)
async def test_drops_in_the_midst_of_a_stream_lose_and_repeat_nothing(
    service: Daemon, tmp_path: Path, transports: list[str]
) -> None:
    application = await register(service)
    sent: list[str] = []

    async def send() -> None:
        for n in range(40):
            sent.append(await application.send("alice", to="user"))
            job = {"payload": {"to": "all"}, "sockets": [] if n % 2 else [sid]}
            sent.append((await sender.ask("notification-job", job, name="other"))["notificationId"])

    async with socketio(tmp_path) as remote, socketio(tmp_path) as sender:
        sid = (await remote.connect(application, transports=transports, **QUICK | {"reconnectionDelay": 1}))["id"]
        await _other(sender, application)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            for n in range(1, 80):
                await remote.notification()
                if n % 11 == 0:
                    # amidst of an upgrade the client would keep what it had not handed on, and be sent it again
                    if len(transports) > 1:
                        await remote.hear("upgrade")
                    await remote.do("drop")
        await _received(remote, application, sent)
        assert {(told["recovered"], told["id"]) for told in remote.all("connect")[1:]} == {(True, sid)}


@within(60)
async def test_a_daemon_that_drains_is_come_back_to(start: Starter, tmp_path: Path) -> None:
    daemon = await start()
    daemon.stay()
    application = await register(daemon)
    async with socketio(tmp_path) as remote:
        await remote.connect(application, **QUICK)
        await daemon.terminate()
        await daemon.start()
        await remote.hear("connect")
        sent = await application.send("alice", title="Hello again")
        assert (await remote.notification())["notificationId"] == sent


@within(30)
async def test_a_forged_pid_is_a_new_socket(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        sid = (await remote.connect(application, **QUICK))["id"]
        for pid, offset in (("forged", "x:1"), ("A" * 120, None), (sid, "'; DROP TABLE")):
            await remote.do("forge", pid=pid, offset=offset)
            await remote.do("drop")
            back = await remote.hear("connect")
            assert back["recovered"] is False
            assert back["id"] != sid
        sent = await application.send("alice", title="Hello")
        assert (await remote.notification())["notificationId"] == sent


@within(30)
async def test_another_users_pid_is_a_new_socket(service: Daemon, tmp_path: Path) -> None:
    application = await register(service)
    async with socketio(tmp_path) as remote:
        sid = (await remote.connect(application, "alice", transports=["websocket"], **QUICK))["id"]
        await remote.do("leave")
        await remote.hear("disconnect")
        await application.send("alice", title="for alice")
        await remote.do("again", auth=application.auth("bob"))
        back = await remote.hear("connect")
        assert (back["recovered"], back["id"] == sid) == (False, False)
        sent = await application.send("bob", title="for bob")
        await remote.notification()
        assert remote.notifications() == [sent]
