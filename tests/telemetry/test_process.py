"""The figures of this process, also where /proc is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notifyd.telemetry import process

if TYPE_CHECKING:
    import pytest


def test_memory_is_plausible() -> None:
    assert 1 << 20 < process.resident_bytes() < 1 << 36


def test_open_files_are_counted(tmp_path: Path) -> None:
    before = process.open_files()
    with (tmp_path / "x").open("w"):
        assert process.open_files() == before + 1


def test_processor_time_rises() -> None:
    before = process.cpu_seconds()
    while process.cpu_seconds() == before:
        sum(range(10_000))
    assert process.cpu_seconds() > before


def test_without_proc_there_is_a_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_STATM", Path("/nowhere"))
    monkeypatch.setattr(process, "_FDS", Path("/nowhere"))
    assert process.resident_bytes() > 1 << 20
    assert process.open_files() == 0
