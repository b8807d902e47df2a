"""Checks of the daemon itself and of the machine that it runs on."""

from __future__ import annotations

import os
import resource
import stat
from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.diagnosis import DescriptorFacts, Finding, FolderFacts, MasterKeyFacts, Verdict
from notifyd.policy.diagnosis.daemon import judge_descriptors, judge_folder, judge_master_key
from notifyd.telemetry.process import open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from notifyd.service.daemon import Daemon

#: Beside connections: files of the engines, calls on the way, connections that are about to be refused.
_OTHER_DESCRIPTORS: Final = 2000
_READABLE_BY_OTHERS: Final = 0o077


class DaemonCheck:
    """Whether the daemon is up, and stays."""

    name = "daemon"

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        daemon = self._daemon
        found = f"notifyd {daemon.about.version}, process {daemon.pid}, is {daemon.state}"
        if daemon.state == "ready":
            return [Finding(self.name, Verdict.OK, found)]
        advice = {
            "draining": "it is on its way down: start it again when it has ended",
            "starting": "wait until it is ready (notifyctl wait ready)",
        }.get(daemon.state, "an engine is away, see below")
        return [Finding(self.name, Verdict.WARNING, found, advice)]


class ConfigurationCheck:
    """What the configuration that the daemon started with may not mean."""

    name = "configuration"

    def __init__(self, warnings: Sequence[str]) -> None:
        """*warnings*: a sentence for each thing in it that is worth a word."""
        self._warnings = tuple(warnings)

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        advice = "notifyctl config show --running --origin tells where each value comes from"
        found = [Finding(self.name, Verdict.WARNING, warning, advice) for warning in self._warnings]
        return found or [Finding(self.name, Verdict.OK, "nothing in it is worth a word")]


class DescriptorCheck:
    """Whether there are file descriptors for all connections."""

    name = "descriptors"

    def __init__(self, max_connections: Callable[[], int]) -> None:
        self._max_connections = max_connections

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self._max_connections() + _OTHER_DESCRIPTORS
        if limit == resource.RLIM_INFINITY:
            limit = max(wanted, open_files() * 2)
        return [judge_descriptors(DescriptorFacts(open_files(), limit, wanted))]


class FolderCheck:
    """The state folder: whose it is, what in it others may read, and how much room there is."""

    name = "state-folder"

    def __init__(self, folder: Path, private: Sequence[Path]) -> None:
        """*private* are files that nobody but the daemon's user may read."""
        self._folder = folder
        self._private = tuple(private)

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        try:
            # a disk that hangs must not take the loop, nor this check, with it
            facts = await trio.to_thread.run_sync(self._facts, abandon_on_cancel=True)
        except OSError as exc:
            found = f"{self._folder} cannot be looked at: {exc.strerror or exc}"
            return [Finding(self.name, Verdict.FAILED, found, "see that it is there and belongs to the daemon's user")]
        return judge_folder(facts)

    def _facts(self) -> FolderFacts:
        about, disk = self._folder.stat(), os.statvfs(self._folder)
        return FolderFacts(
            path=self._folder,
            mode=stat.S_IMODE(about.st_mode),
            own=about.st_uid == os.geteuid(),
            total_bytes=disk.f_frsize * disk.f_blocks,
            # what root alone may fill is not free to the daemon
            free_bytes=disk.f_frsize * disk.f_bavail,
            free_files=disk.f_favail if disk.f_files else None,
            exposed=tuple(path for path in self._private if _exposed(path)),
        )


class MasterKeyCheck:
    """Whether the next start will find the master key that this one has read."""

    name = "master-key"

    def __init__(self, path: Path, key: bytes, *, shared: bool) -> None:
        """*shared*: daemons on other machines have to have the same."""
        self._path = path
        self._key = key
        self._shared = shared

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        return [judge_master_key(await trio.to_thread.run_sync(self._facts, abandon_on_cancel=True))]

    def _facts(self) -> MasterKeyFacts:
        mode = same = None
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
            same = self._path.read_text("ascii", "replace").strip().lower() == self._key.hex()
        except OSError:
            pass
        return MasterKeyFacts(self._path, mode, same, self._shared)


def _exposed(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _READABLE_BY_OTHERS)
    except FileNotFoundError:
        return False
