"""What each command prints in each format, to the letter, over a daemon whose answers stay the same.

After a change that was wanted: RENEW_GOLDEN=1 python -m pytest tests/cli/test_golden.py, and look at the difference.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from notifyctl.values import moments
from tests.cli import samples
from tests.cli.answers import answer_all
from tests.cli.golden_cases import CASES, WITHOUT
from tests.cli.leaves import LEAVES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from tests.cli.golden_cases import Case
    from tests.cli.scripted import Admin, Ctl, Result

FOLDER = Path(__file__).with_name("golden")
FORMATS = ("-o table", "-o plain", "-o json", "-o ndjson", "-q")
RENEW = bool(os.environ.get("RENEW_GOLDEN"))
#: An hour after everything that the answers tell of.
NOW = datetime.fromtimestamp(samples.NOON_MS / 1000, UTC) + timedelta(hours=1)


class Stopped(datetime):
    """The time of day is always the same."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture(autouse=True)
def _the_same_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(moments, "datetime", Stopped)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def file_of(path: str) -> Path:
    """`notifyctl keys list` is in keys-list.txt."""
    return FOLDER / f"{path.removeprefix('notifyctl ').replace(' ', '-')}.txt"


def told(line: str, result: Result) -> str:
    """One call as a person sees it at a prompt, without blanks at the ends; what goes to stderr is marked."""
    errors = "".join(f"! {said}\n" for said in result.err.splitlines())
    lines = [each.rstrip(" ") for each in f"{result.out}{errors}".splitlines()]
    return "\n".join([f"$ {line}", *lines, ""])


def transcript(ctl: Ctl, path: str, case: Case, file: Path) -> str:
    """The command in every format."""
    file.touch(mode=0o600)
    file.write_text(case.file)
    line = f"{path} {case.args}".rstrip()
    calls = []
    for form in FORMATS if case.quiet else FORMATS[:-1]:
        for before in case.before:
            assert ctl(*before.replace("FILE", str(file)).split()).status == 0
        words = [*line.replace("FILE", str(file)).split()[1:], *form.split()]
        result = ctl(*words, stdin=case.stdin)
        assert result.status == case.status, (path, result)
        calls.append(told(f"{line} {form}", result).replace(str(file), "FILE"))
    return "\n".join(calls)


@pytest.mark.parametrize("path", CASES)
def test_the_output_is_what_it_was(ctl: Ctl, admin: Admin, tmp_path: Path, path: str) -> None:
    answer_all(admin)
    found = transcript(ctl, path, CASES[path], tmp_path / "file")
    found = found.replace(str(admin.socket.parent), "FOLDER")
    if RENEW:
        file_of(path).write_text(found, encoding="utf-8")
    assert found == file_of(path).read_text(encoding="utf-8"), __doc__


def test_every_command_has_one_or_a_reason() -> None:
    missing = sorted(LEAVES.keys() - CASES.keys() - WITHOUT.keys())
    assert not missing, (
        f"no golden output: {', '.join(missing)}. Add to tests/cli/golden_cases.py how each is called (CASES; what the "
        "daemon answers is in tests/cli/answers.py) and renew the files, or say there why it has none (WITHOUT)"
    )
    assert sorted((CASES.keys() | WITHOUT.keys()) - LEAVES.keys()) == [], "these commands are gone"
    assert CASES.keys().isdisjoint(WITHOUT)


def test_no_file_is_left_over() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {file_of(path).name for path in CASES}
