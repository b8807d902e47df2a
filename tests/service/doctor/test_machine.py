from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.diagnosis import Finding, Verdict
from notifyd.service.daemon import About, Daemon
from notifyd.service.doctor.machine import (
    ConfigurationCheck,
    DaemonCheck,
    DescriptorCheck,
    FolderCheck,
    MasterKeyCheck,
)
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerOptions

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.service.doctor import Check

KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return state


@pytest.fixture
def key_file(folder: Path) -> Path:
    path = folder / "master.key"
    path.write_text(f"{KEY.hex().upper()}\n")
    path.chmod(0o600)
    return path


def set_mode(path: Path, mode: int) -> None:
    path.chmod(mode)


async def first(check: Check) -> Finding:
    return (await check.look())[0]


async def test_the_daemon_tells_how_it_is(tmp_path: Path):
    about = About("1.2.3", "memory", "memory", "memory", tmp_path, None, development=False)
    daemon = Daemon(about, await open_broker(BrokerOptions(durability="memory")))
    assert (await first(DaemonCheck(daemon))).verdict is Verdict.WARNING
    daemon.ready = True
    ready = await first(DaemonCheck(daemon))
    assert (ready.verdict, ready.found) == (Verdict.OK, f"notifyd 1.2.3, process {daemon.pid}, is ready")
    daemon.draining = True
    assert "on its way down" in (await first(DaemonCheck(daemon))).advice


async def test_each_warning_of_the_configuration_is_told():
    findings = await ConfigurationCheck(["one", "two"]).look()
    assert [(finding.verdict, finding.found) for finding in findings] == [
        (Verdict.WARNING, "one"),
        (Verdict.WARNING, "two"),
    ]
    assert (await first(ConfigurationCheck([]))).verdict is Verdict.OK


async def test_descriptors_are_counted():
    assert "file descriptors are open" in (await first(DescriptorCheck(lambda: 1))).found
    assert (await first(DescriptorCheck(lambda: 10**9))).verdict is Verdict.WARNING


async def test_a_state_folder_as_it_should_be(folder: Path, key_file: Path):
    permissions, _ = await FolderCheck(folder, [key_file, folder / "none"]).look()
    assert permissions == Finding("state-folder", Verdict.OK, f"{folder} is the daemon's alone")


async def test_a_secret_that_others_may_read(folder: Path, key_file: Path):
    set_mode(key_file, 0o644)
    finding = await first(FolderCheck(folder, [key_file]))
    assert (finding.verdict, finding.advice) == (Verdict.FAILED, f"chmod 600 {key_file}")


async def test_an_open_state_folder(folder: Path):
    set_mode(folder, 0o755)
    assert "(mode 0755)" in (await first(FolderCheck(folder, []))).found


async def test_a_state_folder_that_is_gone(tmp_path: Path):
    finding = await first(FolderCheck(tmp_path / "gone", []))
    assert finding.verdict is Verdict.FAILED
    assert "No such file or directory" in finding.found


async def test_the_master_key_is_compared(key_file: Path):
    assert (await first(MasterKeyCheck(key_file, KEY, shared=False))).verdict is Verdict.OK
    finding = await first(MasterKeyCheck(key_file, bytes(32), shared=False))
    assert "does not hold" in finding.found
    assert KEY.hex() not in str(finding).lower()


async def test_a_master_key_that_is_gone(folder: Path):
    assert "is gone" in (await first(MasterKeyCheck(folder / "master.key", KEY, shared=False))).found
