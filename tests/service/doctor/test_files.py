from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from notifyd.model.diagnosis import Finding, Verdict
from notifyd.service.doctor.files import DiskSyncCheck, LeftoversCheck, SecretFilesCheck

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.service.doctor import Check


async def only(check: Check) -> Finding:
    (finding,) = await check.look()
    return finding


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "tls.key"
    path.touch(mode=0o640)
    return path


async def test_a_group_may_read_what_it_was_given(key: Path) -> None:
    finding = await only(SecretFilesCheck([(key, "a key"), (key.with_name("none"), "a secret")], lambda: None))
    assert (finding.verdict, finding.found) == (Verdict.OK, f"what is secret is closed to others: {key}")


async def test_the_world_may_not(key: Path) -> None:
    os.chmod(key, 0o644)
    finding = await only(SecretFilesCheck([(key, "a key")], lambda: None))
    assert (finding.verdict, finding.advice) == (Verdict.FAILED, f"chmod 640 {key}")


async def test_not_even_the_group_may_open_the_admin_socket(key: Path) -> None:
    os.chmod(key, 0o660)
    finding = await only(SecretFilesCheck([], lambda: key))
    assert (finding.verdict, finding.advice) == (Verdict.FAILED, f"chmod 600 {key}")


async def test_the_disk_is_measured_and_left_clean(tmp_path: Path) -> None:
    finding = await only(DiskSyncCheck(tmp_path, "os"))
    assert finding.verdict is Verdict.OK
    assert "does not wait for it" in finding.found
    assert os.listdir(tmp_path) == []


async def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    finding = await only(DiskSyncCheck(tmp_path / "gone", "fsync"))
    assert finding.verdict is Verdict.FAILED
    assert "No such file or directory" in finding.found


async def test_what_is_left_over_and_old_is_found(tmp_path: Path) -> None:
    long_ago = time.time() - 86_400
    for name in ("records.db", "core.1234", ".config.toml.x1", "young.tmp"):
        path = tmp_path / name
        path.touch()
        if name != "young.tmp":
            os.utime(path, (long_ago, long_ago))
    finding = await only(LeftoversCheck(tmp_path))
    assert finding.verdict is Verdict.WARNING
    assert finding.advice == f"remove them: rm {tmp_path}/.config.toml.x1 {tmp_path}/core.1234"


async def test_a_tidy_folder(tmp_path: Path) -> None:
    assert (await only(LeftoversCheck(tmp_path))).verdict is Verdict.OK
