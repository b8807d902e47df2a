"""The file of the admin token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.app.problems import CannotStart
from notifyd.app.secrets import FILE_NAME, admin_token

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, text: str, mode: int = 0o600) -> None:
    (folder / FILE_NAME).write_text(text)
    (folder / FILE_NAME).chmod(mode)


def test_the_token_is_made_once(tmp_path: Path) -> None:
    token = admin_token(tmp_path)
    assert len(token) == 43
    assert admin_token(tmp_path) == token
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_two_folders_have_two_tokens(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert admin_token(tmp_path) != admin_token(tmp_path / "other")


def test_a_token_of_the_operators_own_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "correct-horse-battery-staple\n")
    assert admin_token(tmp_path) == "correct-horse-battery-staple"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_token_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    write(tmp_path, "correct-horse-battery-staple", mode)
    with pytest.raises(CannotStart, match=f"mode {mode:04o}.*chmod 600"):
        admin_token(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "\n", "short", "two words of sufficient length", "übersichtlich-und-lang", "x" * 1025]
)
def test_a_useless_token_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(CannotStart) as problem:
        admin_token(tmp_path)
    assert not text.strip() or text not in problem.value.message


def test_a_token_left_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.new").write_text("half")
    assert len(admin_token(tmp_path)) == 43


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="cannot write the admin token"):
        admin_token(tmp_path / "none")
