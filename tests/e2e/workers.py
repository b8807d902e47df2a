"""A daemon of several processes over a Redis."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from tests.e2e.peer import Peer, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.daemon import Daemon


def settings(url: str, count: int) -> tuple[str, ...]:
    """Those of a daemon with *count* workers on the Redis at *url*, which nobody else uses with this prefix."""
    return (f"server.workers={count}", f"broker.url={url}", f"broker.prefix=t{os.urandom(6).hex()}")


def started(daemon: Daemon) -> list[dict[str, Any]]:
    """Every start of a worker, in order."""
    return daemon.entries("worker_started")


def pid_of(daemon: Daemon, index: int) -> int:
    """The process that is worker *index* now."""
    return int([entry["worker_pid"] for entry in started(daemon) if entry["worker"] == index][-1])


async def until_started(daemon: Daemon, starts: int) -> None:
    """Wait for so many starts of workers in all."""
    while len(started(daemon)) < starts:  # noqa: ASYNC110 - another process starts them
        await trio.sleep(0.02)


def admin_socket(daemon: Daemon, index: int) -> str:
    """Where worker *index* answers operators."""
    return str(daemon.runtime / "notifyd" / (f"admin-{index}.sock" if index else "admin.sock"))


async def known_key(daemon: Daemon) -> str:
    """A new API key, once every worker knows it."""
    made = await daemon.new_key()
    for index in range(len({entry["worker"] for entry in started(daemon)})):
        ids = ""
        while made["keyId"] not in ids:
            ids = (await daemon.ctl("--socket", admin_socket(daemon, index), "keys", "list", "-q")).out
    return str(made["apiKey"])


def forgive(daemon: Daemon, event: str, count: int) -> None:
    """The daemon has complained so many times of what the test did."""
    lines = [line for line in daemon.stderr if f'"event":"{event}"' in line]
    assert len(lines) == count, lines
    for line in lines:
        daemon.stderr.remove(line)


def connections_of(pid: int, port: int) -> int:
    """How many TCP connections of *port* the process holds."""
    held = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    # gRPC takes IPv4 on sockets of IPv6
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for lines in tables for line in lines]
    ours = (row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")
    return sum(f"socket:[{row[9]}]" in held for row in ours)


@asynccontextmanager
async def subscribers(daemon: Daemon, count: int, key: str, channel: str) -> AsyncIterator[list[Peer]]:
    """So many connections that have subscribed, wherever the kernel put them."""
    async with trio.open_nursery() as nursery:
        peers: list[Peer] = []
        done = trio.Event()

        async def one(*, task_status: trio.TaskStatus[None]) -> None:
            async with join(daemon.ws_url, key, channel) as peer:
                peers.append(peer)
                task_status.started()
                await done.wait()

        for _ in range(count):
            await nursery.start(one)
        yield peers
        done.set()
