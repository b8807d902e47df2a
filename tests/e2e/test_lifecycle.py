"""How the daemon starts, reloads, and goes."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import pytest
import trio

from tests.e2e.daemon import DaemonFailed, run
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import connect, join
from tests.e2e.raw import raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon, Finished
    from tests.e2e.fixtures import Starter

#: Of the processor: the wall clock on a machine that does nothing else, whatever this one does beside it.
READY_SECONDS = 1.5


class Hearing(Protocol):
    """Waits until the service manager was told *line*."""

    async def __call__(self, line: str) -> bool: ...


async def serve(daemon: Daemon, *more: str) -> Finished:
    """Run the daemon's own command once more, until it ends."""
    return await run(daemon.command(*more), daemon)


@pytest.mark.slow  # tests/app/machine/test_locks.py is the quick round
@within(30)
async def test_a_second_daemon_on_the_same_state_names_the_first(service: Daemon) -> None:
    second = await serve(service)
    assert second.status == 5
    assert f"process {service.process.pid} holds {service.state_dir}" in second.err
    async with service.rest() as client:
        assert (await client.call("GET", "/api/health/ready")).status == 200


@pytest.mark.slow  # tests/app/machine/test_locks.py is the quick round
@within(30)
async def test_a_second_daemon_on_the_same_socket_names_the_first(service: Daemon, tmp_path: Path) -> None:
    second = await serve(service, "--state-dir", str(tmp_path / "other"))
    assert second.status == 5
    assert f"process {service.process.pid} holds {service.runtime}" in second.err
    assert (await service.ctl("status", "-o", "json")).json["pid"] == service.process.pid


@pytest.mark.slow  # tests/app/test_run.py is the quick round
@within(30)
async def test_a_taken_port_is_named(service: Daemon, start: Starter) -> None:
    other = await start(started=False)
    port = service.http[1]
    failed = await serve(other, "--ws-port", str(port))  # the other port: tests/app/test_run.py
    assert failed.status == 1
    assert f"127.0.0.1:{port} (server.ws_port)" in failed.err
    assert "Traceback" not in failed.err


@within(30)
async def test_a_broken_configuration_is_explained(start: Starter) -> None:
    daemon = await start(started=False)
    file = daemon.folder / "broken.toml"
    file.write_text("[server]\nprot = 3000\nport = 70000\n")
    failed = await serve(daemon, "--config", str(file))
    assert failed.status == 2
    for word in ("prot", "server.port", "70000", str(file)):
        assert word in failed.err
    assert "Traceback" not in failed.err


@pytest.mark.slow  # tests/app/test_run.py is the quick round
@within(30)
async def test_an_unreadable_journal_is_named(start: Starter) -> None:
    daemon = await start()
    assert await daemon.terminate() == 0
    journals = list(daemon.state_dir.glob("*.db"))
    assert journals
    for journal in journals:
        journal.write_bytes(b"this is no database, and never was one" * 100)
    failed = await serve(daemon)
    assert failed.status == 1
    assert "Traceback" not in failed.err
    assert str(daemon.state_dir) in failed.err


@within(30)
async def test_sigterm_keeps_what_is_queued_and_tells_everybody_to_come_back(daemon: Daemon) -> None:
    key = await daemon.key()
    assert (await daemon.ctl("queue", "pause")).status == 0
    async with join(daemon.ws_url, key, "c") as one, connect(daemon.ws_url) as two, daemon.rest(key) as client:
        ids = [await client.accept("c", n) for n in range(10)]
        later = await client.accept("c", "later", delay=1)
        daemon.process.send_signal(signal.SIGTERM)
        assert (await one.ended()).code == 1012
        assert (await two.ended()).code == 1012
        assert await daemon.ended() == 0
    await daemon.start()
    async with join(daemon.ws_url, key, "c") as peer:
        assert (await daemon.ctl("queue", "resume")).status == 0
        assert [received["id"] for received in await peer.notifications(11)] == [*ids, later]


@pytest.mark.slow  # tests/app/test_draining.py is the quick round
@within(30)
async def test_many_connections_are_let_go_over_the_time_that_was_set(start: Starter) -> None:
    daemon = await start("server.drain_seconds=1")
    ends: list[tuple[float, int]] = []

    async def wait_for_the_end(key: str, connected: trio.abc.SendChannel[None]) -> None:
        async with join(daemon.ws_url, key, "c") as peer:
            await connected.send(None)
            ends.append(((await peer.ended()).code, time.monotonic()))

    key = await daemon.key()
    sender, receiver = trio.open_memory_channel[None](0)
    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(wait_for_the_end, key, sender)
        for _ in range(100):
            await receiver.receive()
        began = time.monotonic()
        assert await daemon.terminate() == 0
    assert [code for code, _ in ends] == [1012] * 100
    assert 0.3 < max(at for _, at in ends) - began < 5 * PATIENCE


@pytest.mark.slow  # tests/app/test_draining.py is the quick round
@within(30)
async def test_while_draining_nothing_new_is_accepted_and_nothing_accepted_is_lost(daemon: Daemon) -> None:
    key = await daemon.key()
    accepted: list[str] = []
    refused: list[int] = []

    async def produce(begun: trio.Event) -> None:
        try:
            async with daemon.rest(key) as client:
                while True:
                    reply = await client.call("POST", "/api/notifications", {"channel": "c", "data": 1})
                    if reply.status != 202:
                        refused.append(reply.status)
                        return
                    accepted.append(reply.json["notificationId"])
                    if len(accepted) > 50:
                        begun.set()
        except (OSError, trio.BrokenResourceError):
            return

    begun = trio.Event()
    async with join(daemon.ws_url, key) as peer:
        position = (await peer.subscribe("c"))["position"]
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(produce, begun)
        await begun.wait()
        assert await daemon.terminate() == 0
    assert set(refused) <= {503}
    await daemon.start()
    async with join(daemon.ws_url, key) as peer:
        await peer.subscribe("c", position)
        received = await peer.notifications(len(accepted))
    assert {entry["id"] for entry in received} >= set(accepted)


@pytest.mark.slow
@within(30)
async def test_nobody_holds_up_the_end(daemon: Daemon) -> None:
    key = await daemon.key()
    beginnings = (
        b"",
        b"GET /api/hea",
        b"POST /api/notifications HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf a body",
        b"GET /api/channels/c/events HTTP/1.1\r\nHost: h\r\nX-API-Key: %b\r\n\r\n" % key.encode(),
    )
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(await trio.open_tcp_stream(*daemon.http)) for _ in beginnings]
        for stream, beginning in zip(streams, beginnings, strict=True):
            await stream.send_all(beginning)
        await stack.enter_async_context(raw(daemon.ws))  # answers no close
        await streams[-1].receive_some()
        began = trio.current_time()
        assert await daemon.terminate() == 0
        assert trio.current_time() - began < 6 * PATIENCE
        events = b"".join([bytes(data) async for data in streams[-1]])
    assert b"event: ending" in events


@pytest.mark.slow  # tests/app/test_draining.py is the quick round
@within(30)
async def test_a_second_signal_ends_it_at_once(start: Starter) -> None:
    daemon = await start("server.drain_seconds=600")
    key = await daemon.key()
    async with join(daemon.ws_url, key, "c"), connect(daemon.ws_url), connect(daemon.ws_url):
        daemon.process.send_signal(signal.SIGTERM)
        await trio.sleep(0.05)
        daemon.process.send_signal(signal.SIGTERM)
        assert await daemon.ended() == 0


@pytest.mark.slow  # SIGTERM and SIGHUP are the quick rounds
@within(30)
async def test_an_interrupt_is_as_good_as_sigterm(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGINT)
    assert await daemon.ended() == 0


@pytest.mark.slow  # SIGTERM and SIGHUP are the quick rounds
@within(30)
async def test_a_reload_puts_in_force_what_can_change(start: Starter) -> None:
    daemon = await start(started=False)
    file = daemon.folder / "notifyd.toml"
    file.write_text("[websocket]\nmax_subscriptions = 2\n")
    daemon.environ["NOTIFYD_CONFIG"] = str(file)
    await daemon.start()
    key = await daemon.key()
    async with join(daemon.ws_url, key, "a", "b") as peer:
        assert (await peer.ask("subscribe", channel="c"))["code"] == "too_many_subscriptions"
        file.write_text("[websocket]\nmax_subscriptions = 3\n")
        assert (await daemon.ctl("config", "reload")).status == 0
        await peer.subscribe("c")


@within(30)
async def test_sighup_reloads_and_a_broken_file_changes_nothing(start: Starter) -> None:
    daemon = await start(started=False)
    file = daemon.folder / "notifyd.toml"
    file.write_text("[websocket]\nmax_subscriptions = 1\n")
    with service_manager(daemon) as heard:
        daemon.environ["NOTIFYD_CONFIG"] = str(file)
        await daemon.start()
        assert await heard("READY=1")
        key = await daemon.key()
        async with join(daemon.ws_url, key, "a") as peer:
            file.write_text("[websocket]\nmax_subscriptions = 2\n")
            daemon.process.send_signal(signal.SIGHUP)
            assert await heard("RELOADING=1")
            assert await heard("READY=1")
            await peer.subscribe("b")
            file.write_text("[websocket]\nmax_subscriptions = -2\n")
            daemon.process.send_signal(signal.SIGHUP)
            assert await heard("RELOADING=1")
            assert await heard("READY=1")
            assert (await peer.ask("subscribe", channel="c"))["code"] == "too_many_subscriptions"
        assert await daemon.terminate() == 0
        assert await heard("STOPPING=1")
    assert daemon.entries("config_reload_failed")
    daemon.stderr.clear()  # that entry is an error, and was asked for


@contextmanager
def service_manager(daemon: Daemon) -> Iterator[Hearing]:
    """Stand in for systemd while *daemon* starts; gives a function that waits until something was said."""
    path = str(daemon.runtime / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(path)
        link.setblocking(False)
        daemon.environ["NOTIFY_SOCKET"] = path

        async def heard(line: str) -> bool:
            while True:
                await trio.lowlevel.wait_readable(link)
                if line in link.recv(4096).decode().split("\n"):
                    return True

        yield heard


@pytest.mark.slow  # tests/app/machine/test_sd_notify.py is the quick round
@within(30)
async def test_the_watchdog_is_told_that_the_daemon_lives(start: Starter) -> None:
    daemon = await start(started=False)
    with service_manager(daemon) as heard:
        daemon.environ["WATCHDOG_USEC"] = "200000"
        await daemon.start()
        for _ in range(3):
            assert await heard("WATCHDOG=1")


@pytest.mark.slow  # tests/cli/showing/test_streams.py is the quick round
@within(30)
async def test_waiting_for_the_daemon_ends_when_it_is_ready(start: Starter) -> None:
    daemon = await start(started=False)
    done: list[Finished] = []

    async def wait() -> None:
        done.append(await daemon.ctl("wait", "ready", "--timeout", "20s", "-o", "json"))

    assert (await daemon.ctl("wait", "ready", "--timeout", "0.2s")).status == 7
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await daemon.start()
    assert (done[0].status, done[0].json["state"]) == (0, "ready")


@within(30)
async def test_it_is_ready_soon(daemon: Daemon) -> None:
    async with daemon.rest() as client:
        figures = (await client.call("GET", "/api/stats")).json["stats"]
    assert figures["cpuSeconds"] < READY_SECONDS * PATIENCE


@pytest.mark.slow  # tests/ingress/rest is the quick round
@within(30)
async def test_without_development_mode_admin_calls_need_the_token(start: Starter) -> None:
    daemon = await start(dev=False)
    token = (daemon.state_dir / "admin.token").read_text().strip()
    async with daemon.rest() as client:
        body = {"clientName": "e2e"}
        assert (await client.call("POST", "/api/keys", body)).status == 401
        assert (await client.call("POST", "/api/keys", body, Authorization=f"Bearer {token}")).status == 201


@within(30)
async def test_what_it_keeps_is_for_its_user_alone(service: Daemon) -> None:
    await service.key()
    for folder, _, files in os.walk(service.state_dir):
        assert os.stat(folder).st_mode & 0o077 == 0, folder
        for name in files:
            assert os.stat(f"{folder}/{name}").st_mode & 0o077 == 0, name
    assert os.stat(service.runtime / "notifyd" / "admin.sock").st_mode & 0o077 == 0


@within(30)
async def test_development_mode_refuses_other_addresses_than_loopback(start: Starter) -> None:
    daemon = await start(started=False)
    failed = await serve(daemon, "--host", "0.0.0.0")
    assert failed.status == 2
    assert "loopback" in failed.err


@within(30)
async def test_the_receipt_says_what_accepted_promises(service: Daemon) -> None:
    await promises(service, "fsync")


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["os", "memory"])
@within(30)
async def test_the_receipt_promises_no_more_than_was_set(start: Starter, durability: str) -> None:
    await promises(await start(f"broker.durability={durability}"), durability)


async def promises(daemon: Daemon, durability: str) -> None:
    key = await daemon.key()
    async with daemon.rest(key) as client:
        reply = await client.call("POST", "/api/notifications", {"channel": "c", "data": 1})
    assert (reply.status, reply.json["durability"]) == (202, durability)


@within(30)
async def test_the_helper_tells_when_a_daemon_does_not_start(start: Starter) -> None:
    daemon = await start("server.port=-1", started=False)
    with pytest.raises(DaemonFailed, match=r"server\.port"):
        await daemon.start()
    daemon.stderr.clear()
