"""The room under the state folder."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.service import disk as module
from notifyd.service.disk import DiskWatch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def disk(tmp_path: Path) -> DiskWatch:
    return DiskWatch(tmp_path)


def full(before: os.statvfs_result) -> os.statvfs_result:
    return os.statvfs_result((before.f_bsize, before.f_frsize, before.f_blocks, 0, 0, *before[5:]))


async def test_before_the_first_look_nothing_is_known_to_be_wrong(disk: DiskWatch) -> None:
    assert (disk.room, disk.state().healthy) == (None, True)


async def test_it_tells_how_much_is_free(disk: DiskWatch) -> None:
    await disk.look()
    assert disk.room is not None
    assert 0 < disk.room[0] <= disk.room[1]


async def test_a_full_one_is_not_well_until_there_is_room(
    disk: DiskWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = os.statvfs(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "statvfs", lambda _: full(about))
        await disk.look()
    state = disk.state()
    assert (state.name, state.healthy, disk.room) == ("disk", False, (0, about.f_frsize * about.f_blocks))
    assert "make room" in state.detail
    await disk.look()
    assert disk.state().healthy is (os.statvfs(tmp_path).f_bavail * about.f_frsize > 100 << 20)


async def test_a_folder_that_is_gone_is_not_well(tmp_path: Path) -> None:
    gone = DiskWatch(tmp_path / "gone")
    await gone.look()
    assert "cannot be looked at" in gone.state().detail


async def test_one_that_hangs_holds_up_nobody(disk: DiskWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked = threading.Event(), []

    def hang(path: Path) -> os.statvfs_result:
        asked.append(path)
        answer.wait(30)
        raise OSError(5, "late")

    monkeypatch.setattr(os, "statvfs", hang)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    try:
        with trio.fail_after(20):
            for _ in range(3):
                await disk.look()
                assert "has not answered" in disk.state().detail
        assert len(asked) == 1
    finally:
        answer.set()
