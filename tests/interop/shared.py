"""One daemon for all tests of a module: each of them registers a client of its own."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

from tests.e2e.daemon import START_SECONDS, STOP_SECONDS, Daemon, DaemonFailed
from tests.e2e.fixtures import SETTINGS
from tests.e2e.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def shared_daemon(folder: Path, *settings: str) -> Iterator[Daemon]:
    """Run a daemon in development mode while the body does; it must not have complained, and must end with 0.

    The trio of a test ends with the test: another one, in a thread, looks after the daemon.
    """
    keeper = _Keeper(folder, (*SETTINGS, *settings))
    thread = threading.Thread(target=trio.run, args=(keeper.keep,), name="keeper of a daemon")
    thread.start()
    try:
        assert keeper.ready.wait(START_SECONDS * PATIENCE), "the daemon does not get ready"
        yield keeper.running()
    finally:
        keeper.stop()
        thread.join(2 * STOP_SECONDS * PATIENCE)
    assert keeper.running().complaints() == []
    assert keeper.status == 0


class _Keeper:
    def __init__(self, folder: Path, settings: tuple[str, ...]) -> None:
        self._folder = folder
        self._settings = settings
        self._over = trio.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._daemon: Daemon | None = None
        self.ready = threading.Event()
        self._failure = ""
        self.status: int | None = None

    async def keep(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            daemon = Daemon(self._folder, nursery, *self._settings)
            try:
                await daemon.start()
                self._daemon = daemon
                self.ready.set()
                await self._over.wait()
                self.status = await daemon.terminate()
            except DaemonFailed as exc:
                self._failure = str(exc)
            finally:
                self.ready.set()
                if daemon.running:
                    daemon.process.kill()
                daemon.forget()

    def running(self) -> Daemon:
        assert self._daemon is not None, self._failure
        return self._daemon

    def stop(self) -> None:
        if self._token is not None:
            try:
                self._token.run_sync_soon(self._over.set)
            except trio.RunFinishedError:
                return
