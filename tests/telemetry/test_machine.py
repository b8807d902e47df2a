"""Limits of control groups, from files as kernels write them."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from notifyd.telemetry import machine

if TYPE_CHECKING:
    from pathlib import Path

GIBIBYTE = 1 << 30


class Kernel:
    """What /proc and /sys say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.says("meminfo", f"MemTotal:       {8 * GIBIBYTE // 1024} kB\nMemFree: 1 kB\n")
        self.says("self", "0::/system.slice/notifyd.service\n")

    def says(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_MEMBERSHIP", tmp_path / "self")
    monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "meminfo")
    return Kernel(tmp_path)


def test_without_limits_the_machine_is_the_limit(kernel: Kernel) -> None:
    kernel.says("cgroup/system.slice/notifyd.service/memory.max", "max\n")
    assert (machine.memory_limit_bytes(), machine.group_memory_bytes()) == (8 * GIBIBYTE, 0)


def test_the_least_of_the_groups_around_counts(kernel: Kernel) -> None:
    kernel.says("cgroup/system.slice/notifyd.service/memory.max", f"{2 * GIBIBYTE}\n")
    kernel.says("cgroup/system.slice/memory.max", f"{GIBIBYTE}\n")
    assert machine.memory_limit_bytes() == machine.group_memory_bytes() == GIBIBYTE


def test_in_a_container_the_own_group_is_the_root(kernel: Kernel) -> None:
    kernel.says("self", "0::/\n")
    kernel.says("cgroup/memory.max", f"{GIBIBYTE}\n")
    assert machine.memory_limit_bytes() == GIBIBYTE


def test_the_first_version_has_a_tree_for_each_controller(kernel: Kernel) -> None:
    kernel.says("self", "9:name=systemd:/x\n4:cpu,cpuacct:/x\n3:memory:/x\n")
    kernel.says("cgroup/memory/x/memory.limit_in_bytes", f"{GIBIBYTE}\n")
    kernel.says("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    kernel.says("cgroup/cpu/x/cpu.cfs_quota_us", "50000\n")
    kernel.says("cgroup/cpu/x/cpu.cfs_period_us", "100000\n")
    assert (machine.memory_limit_bytes(), machine.processors()) == (GIBIBYTE, 0.5)


@pytest.mark.parametrize(("said", "processors"), [("50000 100000\n", 0.5), ("max 100000\n", None), ("", None)])
def test_a_quota_of_the_processor(kernel: Kernel, said: str, processors: float | None) -> None:
    free = machine.processors()
    kernel.says("cgroup/system.slice/notifyd.service/cpu.max", said)
    assert machine.processors() == (processors or free)


def test_a_kernel_that_tells_nothing(kernel: Kernel) -> None:
    (kernel.folder / "meminfo").unlink()
    (kernel.folder / "self").unlink()
    assert machine.memory_limit_bytes() == 0
    assert machine.processors() >= 1


def test_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.open_files_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert machine.open_files_limit() == 0
