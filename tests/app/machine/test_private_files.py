"""Files with one line that nobody else can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.app.machine.private_files import private_line
from notifyd.app.problems import CannotStart

if TYPE_CHECKING:
    from pathlib import Path


def line_of(path: Path) -> str:
    return private_line(path, "secret thing", lambda: "made here", max_length=20)


def test_a_line_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert line_of(path) == "made here"
    assert path.stat().st_mode & 0o777 == 0o600
    assert private_line(path, "secret thing", lambda: "another", max_length=20) == "made here"
    assert [found.name for found in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_what_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "f").write_text("theirs")
    (tmp_path / "f").chmod(mode)
    with pytest.raises(CannotStart, match=rf"secret thing .*\(mode {mode:04o}\): chmod 600"):
        line_of(tmp_path / "f")


def test_the_mode_that_systemd_gives_a_credential_is_no_reason_to_refuse_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("of the unit\n")
    (tmp_path / "f").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "other"))
    with pytest.raises(CannotStart):
        line_of(tmp_path / "f")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert line_of(tmp_path / "f") == "of the unit"


def test_a_longer_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x" * 10_000)
    (tmp_path / "f").chmod(0o600)
    assert line_of(tmp_path / "f") == "x" * 22


def test_what_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "f.new").write_text("half")
    assert line_of(tmp_path / "f") == "made here"


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"cannot write the secret thing .*none/f"):
        line_of(tmp_path / "none" / "f")
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match=r"cannot read the secret thing .*file/f"):
        line_of(tmp_path / "file" / "f")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(CannotStart, match=r"cannot read the secret thing .*folder"):
        line_of(tmp_path / "folder")
