from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notifyd.model.diagnosis import DescriptorFacts, FolderFacts, MasterKeyFacts, Verdict
from notifyd.policy.diagnosis.daemon import judge_descriptors, judge_folder, judge_master_key

GIB = 1 << 30
MIB = 1 << 20
FOLDER = Path("/state")


def folder(**changes: Any) -> FolderFacts:
    facts = {"path": FOLDER, "mode": 0o700, "own": True, "total_bytes": 100 * GIB, "free_bytes": 50 * GIB}
    return FolderFacts(**{"free_files": 10**6, **facts, **changes})


@pytest.mark.parametrize(
    ("opened", "limit", "verdict"),
    [
        (10, 20_000, Verdict.OK),
        (10, 19_999, Verdict.WARNING),
        (17_999, 20_000, Verdict.OK),
        (18_000, 20_000, Verdict.FAILED),
        (922, 1024, Verdict.FAILED),
    ],
)
def test_descriptors(opened: int, limit: int, verdict: Verdict):
    finding = judge_descriptors(DescriptorFacts(opened, limit, wanted=20_000))
    assert finding.verdict is verdict
    assert ("20000" in finding.advice) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("changes", "verdict", "advice"),
    [
        ({}, Verdict.OK, ""),
        ({"mode": 0o750}, Verdict.WARNING, "chmod 700 /state"),
        ({"own": False}, Verdict.WARNING, "chown"),
        ({"exposed": (FOLDER / "admin.token",), "mode": 0o755}, Verdict.FAILED, "chmod 600 /state/admin.token"),
    ],
)
def test_the_state_folder_is_the_daemons_alone(changes: dict[str, Any], verdict: Verdict, advice: str):
    permissions, _ = judge_folder(folder(**changes))
    assert permissions.verdict is verdict
    assert permissions.advice.startswith(advice)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.OK),
        ({"free_bytes": GIB - 1}, Verdict.WARNING),
        ({"free_bytes": GIB - 1, "total_bytes": 2 * GIB}, Verdict.OK),
        ({"free_bytes": 100 * MIB - 1, "total_bytes": 200 * MIB}, Verdict.FAILED),
        ({"free_files": 999}, Verdict.FAILED),
        ({"free_files": None}, Verdict.OK),
    ],
)
def test_room_on_the_disk(changes: dict[str, Any], verdict: Verdict):
    _, room = judge_folder(folder(**changes))
    assert room.verdict is verdict
    assert bool(room.advice) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("mode", "same", "verdict", "said"),
    [
        (0o600, True, Verdict.OK, "holds the key in use"),
        (None, None, Verdict.FAILED, "is gone"),
        (0o600, None, Verdict.FAILED, "cannot be read"),
        (0o600, False, Verdict.FAILED, "does not hold the key in use"),
        (0o640, True, Verdict.FAILED, "can be read by others (mode 0640)"),
    ],
)
def test_the_master_key(mode: int | None, same: bool | None, verdict: Verdict, said: str):
    finding = judge_master_key(MasterKeyFacts(FOLDER / "master.key", mode, same, shared=False))
    assert finding.verdict is verdict
    assert said in finding.found


def test_a_shared_master_key_is_said_to_be_one():
    finding = judge_master_key(MasterKeyFacts(FOLDER / "master.key", 0o600, same=True, shared=True))
    assert "every daemon on these records must have the same" in finding.found
