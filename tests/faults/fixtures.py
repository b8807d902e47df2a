"""Daemons with faults to be made under them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio

from tests.e2e.daemon import Daemon
from tests.e2e.fixtures import SETTINGS
from tests.e2e.peer import Peer, join
from tests.faults.injecting import Faults, start_under

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.e2e.rest import Reply, Rest

#: What a daemon says whose disk fails, and says once.
EXPECTED = frozenset({"journal_failed", "records_failed"})


class Faulty:
    """A daemon under faults, with one producer and one subscriber who must not be harmed by them."""

    def __init__(self, daemon: Daemon, faults: Faults, key: str, client: Rest, peer: Peer) -> None:
        self.daemon = daemon
        self.key = key
        self.faults = faults
        self.client = client
        self.peer = peer
        #: Ids of all that was accepted, and of all that has arrived.
        self.accepted: list[str] = []
        self.arrived: list[str] = []
        self._offset = 0

    async def publish(self, **fields: object) -> Reply:
        """Publish to the subscriber's channel; however it ends, it ends in time."""
        with trio.fail_after(10):
            body = {"channel": "c", "data": {}, **fields}
            reply = await self.client.call("POST", "/api/notifications", body)
        if reply.status == 202:
            self.accepted.append(reply.json["notificationId"])
        return reply

    async def receive(self) -> dict[str, Any]:
        """The next notification; its offset has to be the next one."""
        with trio.fail_after(10):
            came = await self.peer.notification()
        self._offset += 1
        assert came["offset"] == self._offset
        self.arrived.append(came["id"])
        return came

    async def all_arrived(self) -> None:
        """Everything accepted has arrived, once and in order, and nothing else."""
        while len(self.arrived) < len(self.accepted):
            await self.receive()
        assert self.arrived == self.accepted

    async def all_arrived_in_any_order(self) -> None:
        """As `all_arrived`, where the order is not that of the publishes."""
        while len(self.arrived) < len(self.accepted):
            await self.receive()
        assert sorted(self.arrived) == sorted(self.accepted)

    async def works(self) -> None:
        """A notification comes through."""
        assert (await self.publish()).status == 202
        await self.all_arrived()

    async def health(self) -> dict[str, Any]:
        """What /api/health says."""
        with trio.fail_after(20):
            async with self.daemon.rest() as asker:
                return dict((await asker.call("GET", "/api/health")).json)

    async def becomes(self, status: str) -> None:
        """Wait until /api/health says so; nobody publishes meanwhile."""
        with trio.fail_after(15):
            while (await self.health())["status"] != status:  # noqa: ASYNC110
                await trio.sleep(0.05)


@pytest.fixture
async def faulty(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Faulty]:
    """One with the settings that it is parametrized with; it must not have complained of anything but its disk."""
    settings = getattr(request, "param", ())
    async with trio.open_nursery() as nursery:
        daemon = Daemon(tmp_path, nursery, *SETTINGS, *settings)
        try:
            async with _used(daemon) as one:
                yield one
            assert await daemon.terminate() == 0
        finally:
            if daemon.running:
                daemon.process.kill()
            daemon.forget()
    complaints = [line for line in daemon.complaints() if not expected(line)]
    assert not complaints, "".join(complaints)


@asynccontextmanager
async def _used(daemon: Daemon) -> AsyncIterator[Faulty]:
    faults = await start_under(daemon)
    key = await daemon.key()
    async with daemon.rest(key) as client, join(daemon.ws_url, key, "c") as peer:
        yield Faulty(daemon, faults, key, client, peer)


def expected(line: str) -> bool:
    """Whether the daemon says no more than that its disk fails."""
    try:
        return msgspec.json.decode(line)["event"] in EXPECTED
    except (msgspec.DecodeError, KeyError, TypeError):
        return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the database at *path* exclusively while the body runs."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.stdin.close()
