"""Daemons for tests, ended and looked at when the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
import trio

from tests.e2e.daemon import STOP_SECONDS, Daemon
from tests.e2e.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

#: What all tests of this kind want: no rate limits, and no minutes of politeness at the end.
SETTINGS = ("limits.enabled=false", "server.drain_seconds=1")


class Starter(Protocol):
    """Starts a daemon with these settings, `KEY=VALUE` each."""

    async def __call__(self, *settings: str, dev: bool = True, started: bool = True) -> Daemon: ...


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Starter]:
    """Start daemons; at the end each is told to go, has to exit with 0, and must not have complained."""
    daemons: list[Daemon] = []
    async with trio.open_nursery() as nursery:

        async def starter(*settings: str, dev: bool = True, started: bool = True) -> Daemon:
            folder = tmp_path / f"daemon{len(daemons)}"
            folder.mkdir()
            daemon = Daemon(folder, nursery, *SETTINGS, *settings, dev=dev)
            daemons.append(daemon)
            if started:
                await daemon.start()
            return daemon

        try:
            yield starter
        finally:
            with trio.CancelScope(shield=True):
                statuses = [await _end(daemon) for daemon in daemons]
    complaints = [line for daemon in daemons for line in daemon.complaints()]
    assert not complaints, "".join(complaints)
    assert set(statuses) <= {0}


async def _end(daemon: Daemon) -> int:
    """Its exit status; 0 as well when the test ended it itself, and -9 when it would not go."""
    try:
        if not daemon.running:
            return 0
        if not daemon.ready:  # the test has failed, and a signal would find no handler yet
            await daemon.kill()
            return 0
        with trio.move_on_after(STOP_SECONDS * PATIENCE):
            return await daemon.terminate()
        await daemon.kill()
        return -9
    finally:
        daemon.forget()


@pytest.fixture
async def daemon(start: Starter) -> Daemon:
    """A daemon in development mode."""
    return await start()
