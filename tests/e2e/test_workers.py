"""One daemon of several processes: what it does is what one process does, whoever of them is asked."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.daemon import run
from tests.e2e.following import Follower
from tests.e2e.living import Live
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import connect, join
from tests.e2e.ports import free_port
from tests.e2e.test_lifecycle import service_manager
from tests.e2e.workers import (
    admin_socket,
    connections_of,
    forgive,
    known_key,
    pid_of,
    settings,
    started,
    subscribers,
    until_started,
)
from tests.valkey import valkey

if TYPE_CHECKING:
    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey

__all__ = ["valkey"]

pytestmark = pytest.mark.slow


@within(60)
async def test_connections_are_spread_and_all_of_them_are_reached(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 3))
    key = await known_key(daemon)
    async with subscribers(daemon, 60, key, "c") as peers:
        counts = [connections_of(pid_of(daemon, index), daemon.ws[1]) for index in range(3)]
        assert sum(counts) == 60
        assert min(counts) > 3
        ids = []
        for n in range(20):  # each over a connection of its own, so that several workers accept them
            async with daemon.rest(key) as client:
                ids.append(await client.accept("c", n))
        for peer in peers:
            assert [received["id"] for received in await peer.notifications(20)] == ids


@within(60)
async def test_grpc_is_spread_too(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2))
    host, _, port = daemon.grpc.rpartition(":")
    async with AsyncExitStack() as stack:
        for _ in range(40):
            stream = await stack.enter_async_context(await trio.open_tcp_stream(host, int(port)))
            assert await stream.receive_some(1)  # the settings frame: somebody has accepted
        counts = [connections_of(pid_of(daemon, index), int(port)) for index in range(2)]
    assert sum(counts) == 40
    assert min(counts) > 3


@within(60)
async def test_a_worker_that_is_killed_is_replaced_and_the_others_go_on(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2))
    key = await known_key(daemon)
    async with subscribers(daemon, 20, key, "c"):
        os.kill(pid_of(daemon, 0), signal.SIGKILL)
        await until_started(daemon, 3)
        assert daemon.running
    assert (await daemon.ctl("status", "-o", "json")).json["pid"] == daemon.process.pid
    async with join(daemon.ws_url, key, "c") as peer, daemon.rest(key) as client:
        accepted = await client.accept("c", "after")
        assert (await peer.notification())["id"] == accepted
    forgive(daemon, "worker_ended", 1)


@within(60)
async def test_a_worker_that_is_told_to_go_is_replaced_without_a_complaint(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2))
    os.kill(pid_of(daemon, 1), signal.SIGTERM)
    await until_started(daemon, 3)
    assert [entry["worker"] for entry in started(daemon)] == [0, 1, 1]


@pytest.mark.parametrize("how", ["signal", "notifyctl", "another worker", "another node"])
@within(60)
async def test_a_drain_is_meant_for_all(start: Starter, valkey: Valkey, how: str) -> None:
    daemon = await start(*settings(valkey.url, 2))
    async with trio.open_nursery() as nursery:
        codes: list[int] = []

        async def one(*, task_status: trio.TaskStatus[None]) -> None:
            async with connect(daemon.ws_url) as peer:
                await peer.hear()
                task_status.started()
                codes.append((await peer.ended()).code)

        for _ in range(30):
            await nursery.start(one)
        if how == "signal":
            daemon.process.send_signal(signal.SIGTERM)
        elif how == "another node":
            while len(nodes := (await daemon.ctl("cluster", "list", "-q")).out.split()) < 2:
                pass
            assert (await daemon.ctl("cluster", "drain", nodes[1], "--yes")).status == 0
        else:
            more = ["--socket", admin_socket(daemon, 1)] if how == "another worker" else []
            assert (await daemon.ctl(*more, "drain", "--yes")).status == 0
        assert await daemon.ended() == 0
    assert codes == [1012] * 30
    assert [path.name for path in (daemon.runtime / "notifyd").iterdir()] == ["admin.sock.lock"]


@within(60)
async def test_a_second_word_ends_it_at_once(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2), "server.drain_seconds=3000")
    async with connect(daemon.ws_url):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon.process.send_signal(number)
        with trio.fail_after(15 * PATIENCE):
            assert await daemon.ended() == 0


@within(60)
async def test_workers_do_not_outlive_their_supervisor(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2))
    workers = [pid_of(daemon, index) for index in range(2)]
    async with connect(daemon.ws_url) as peer:
        daemon.process.kill()
        assert (await peer.ended()).code == 1012
    daemon.stay()
    again = await start(*daemon.settings, started=False)
    again.folder, again.runtime = daemon.folder, daemon.runtime
    await again.start()  # waits for those that are on their way out
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert (await again.ctl("status", "-o", "json")).json["pid"] == again.process.pid


@within(60)
async def test_a_reload_is_meant_for_all(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2), started=False)
    file = daemon.folder / "notifyd" / "notifyd.toml"
    file.parent.mkdir()
    file.touch()
    await daemon.start()
    sockets = [admin_socket(daemon, index) for index in range(2)]
    for how in ("SIGHUP", "notifyctl"):
        level = "warning" if how == "SIGHUP" else "error"
        file.write_text(f'[log]\nlevel = "{level}"\n')
        if how == "SIGHUP":
            daemon.process.send_signal(signal.SIGHUP)
        else:
            assert (await daemon.ctl("config", "reload")).status == 0
        for socket in sockets:
            with trio.fail_after(10 * PATIENCE):
                while level not in (await daemon.ctl("--socket", socket, "config", "show", "--running")).out:
                    await trio.lowlevel.checkpoint()


@within(60)
async def test_a_second_daemon_is_told_who_is_there(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2))
    second = await run(daemon.command(), daemon)
    assert second.status == 5
    assert f"process {daemon.process.pid} holds {daemon.state_dir}" in second.err
    other = await start(*settings(valkey.url, 2), started=False)
    taken = await run(other.command("--port", str(daemon.http[1])), other)
    assert taken.status == 1
    assert taken.err.endswith("(server.port): Address already in use\n")


@within(60)
async def test_what_keeps_one_worker_from_starting_is_said_once(start: Starter) -> None:
    daemon = await start(*settings(f"redis://127.0.0.1:{free_port()}", 3), started=False)
    ended = await run(daemon.command(), daemon)
    assert ended.status == 1
    assert len([line for line in ended.err.splitlines() if line.startswith("notifyd: ")]) == 1
    assert "Traceback" not in ended.err


@within(60)
async def test_each_process_has_log_files_of_its_own(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2), "log.file=true", "log.path=logs")
    names = {path.name for path in (daemon.folder / "logs").iterdir()}
    assert {"app.log", "app-1.log", "app-supervisor.log"} <= names
    assert '"worker":1' in (daemon.folder / "logs" / "app-1.log").read_text()


@within(60)
async def test_the_service_manager_hears_of_the_whole(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2), started=False)
    with service_manager(daemon) as heard:
        daemon.environ["WATCHDOG_USEC"] = "200000"
        await daemon.start()
        assert len(started(daemon)) == 2
        assert await heard("READY=1")
        assert await heard("WATCHDOG=1")
        daemon.process.send_signal(signal.SIGHUP)
        assert await heard("RELOADING=1")
        assert await heard("READY=1")
        assert await daemon.terminate() == 0
        assert await heard("STOPPING=1")


@within(120)
async def test_nothing_that_was_accepted_is_lost_while_workers_are_killed(start: Starter, valkey: Valkey) -> None:
    daemon = await start(*settings(valkey.url, 2))
    key = await known_key(daemon)
    async with join(daemon.ws_url, key) as peer:
        position = (await peer.subscribe("c"))["position"]
    followers = [Follower(Live(daemon), key, "c", position) for _ in range(6)]
    accepted: set[str] = set()

    async def publish() -> None:
        n = 0
        while True:
            n += 1
            with suppress(OSError, trio.BrokenResourceError, EOFError, AssertionError):
                async with daemon.rest(key) as client:
                    accepted.add(await client.accept("c", {"n": n}))

    async with trio.open_nursery() as nursery:
        for follower in followers:
            nursery.start_soon(follower.run)
        async with trio.open_nursery() as publishing:
            publishing.start_soon(publish)
            for starts, index in enumerate((1, 0, 1), 3):
                before = len(accepted)
                os.kill(pid_of(daemon, index), signal.SIGKILL)
                await until_started(daemon, starts)
                while len(accepted) < before + 20:
                    await followers[0].changed()
            publishing.cancel_scope.cancel()
        for follower in followers:
            await follower.has(accepted)
        nursery.cancel_scope.cancel()
    assert max(follower.connections for follower in followers) > 1
    forgive(daemon, "worker_ended", 3)
