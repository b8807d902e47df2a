"""Checks of files: who may read them, what is left over, how fast the disk keeps them."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.diagnosis import Finding, Verdict
from notifyd.model.machine import PrivateFile, SyncFacts
from notifyd.policy.diagnosis.machine import judge_leftovers, judge_private, judge_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Whoever is not the owner.
_OTHERS: Final = 0o077
#: A group of its own is how servers are given keys and settings; only the rest of the world is too much.
_STRANGERS: Final = 0o007
_TRIES: Final = 8
_LONGEST_SECONDS: Final = 3.0
_PAGE_BYTES: Final = 4096
#: What writing a file anew, a copy of a database, or a crash leaves behind.
_LEFTOVERS: Final = (".*.tmp", "*.tmp", "*.bak", "*.old", "*.corrupt*", "core", "core.[0-9]*", ".doctor-*", ".*.toml.*")
#: What is younger may be at work.
_OLD_SECONDS: Final = 3600.0


class SecretFilesCheck:
    """Whether others can read secrets, or open the admin socket."""

    name = "secret-files"

    def __init__(self, groups_may: Sequence[tuple[Path, str]], socket: Callable[[], Path | None]) -> None:
        """*groups_may*: files and what they are, that the owner's group may read; *socket*: the admin socket."""
        self._files = tuple(groups_may)
        self._socket = socket

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        return [judge_private(await trio.to_thread.run_sync(lambda: list(self._facts()), abandon_on_cancel=True))]

    def _facts(self) -> Iterator[PrivateFile]:
        for path, what in self._files:
            yield PrivateFile(path, what, _mode(path), _STRANGERS)
        socket = self._socket()
        if socket is not None:
            yield PrivateFile(socket, "the admin socket", _mode(socket), _OTHERS)


class DiskSyncCheck:
    """How long the disk under the state folder takes to keep something."""

    name = "disk-sync"

    def __init__(self, folder: Path, durability: str) -> None:
        self._folder = folder
        self._durability = durability

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        try:
            seconds = await trio.to_thread.run_sync(self._seconds, abandon_on_cancel=True)
        except OSError as exc:
            found = f"nothing can be written to {self._folder}: {exc.strerror or exc}"
            return [Finding(self.name, Verdict.FAILED, found, "see that the disk is not full, read-only or broken")]
        return [judge_sync(SyncFacts(tuple(seconds), self._durability))]

    def _seconds(self) -> list[float]:
        taken: list[float] = []
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".doctor-") as file:
            while len(taken) < _TRIES and sum(taken) < _LONGEST_SECONDS:
                file.write(bytes(_PAGE_BYTES))
                file.flush()
                begun = time.perf_counter()
                os.fsync(file.fileno())
                taken.append(time.perf_counter() - begun)
        return taken


class LeftoversCheck:
    """What lies in the state folder and is of no use."""

    name = "leftovers"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        return [judge_leftovers(await trio.to_thread.run_sync(self._old, abandon_on_cancel=True))]

    def _old(self) -> list[Path]:
        before = time.time() - _OLD_SECONDS
        found = {path for pattern in _LEFTOVERS for path in self._folder.glob(pattern)}
        return sorted(path for path in found if path.is_file() and path.stat().st_mtime < before)


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
