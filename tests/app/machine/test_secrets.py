"""The files of the admin token and of the master key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.app.machine.secrets import (
    FILE_NAME,
    MASTER_KEY_FILE_NAME,
    admin_token,
    master_key,
    webhook_secret,
    wrong_master_key,
)
from notifyd.app.problems import CannotStart
from notifyd.policy.access.sealing import SealBroken
from notifyd.policy.webhooks.signing import signing_key

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, text: str, mode: int = 0o600, *, name: str = FILE_NAME) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


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


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "correct-horse-battery-staple", 0o640)
    with pytest.raises(CannotStart, match=r"admin token .*\(mode 0640\)"):
        admin_token(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "\n", "short", "two words of sufficient length", "übersichtlich-und-lang", "x" * 1025]
)
def test_a_useless_token_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(CannotStart) as problem:
        admin_token(tmp_path)
    assert not text.strip() or text not in problem.value.message


def test_the_master_key_is_made_once(tmp_path: Path) -> None:
    key = master_key(None, tmp_path)
    assert len(key) == 32
    assert master_key(None, tmp_path) == key
    assert (tmp_path / MASTER_KEY_FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert master_key(tmp_path / "other.key", tmp_path) != key
    assert (tmp_path / "other.key").exists()


def test_a_master_key_of_the_operators_own_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "0123456789abcdefABCDEF0123456789" * 2 + "\n", name="own.key")
    assert master_key(path, tmp_path) == bytes.fromhex("0123456789abcdefABCDEF0123456789" * 2)
    assert not (tmp_path / MASTER_KEY_FILE_NAME).exists()


@pytest.mark.parametrize("text", ["", "\n", "a" * 63, "a" * 65, "g" * 64, "é" * 64, "a" * 32 + " " + "a" * 31])
def test_a_malformed_master_key_is_refused_and_neither_shown_nor_replaced(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text, name=MASTER_KEY_FILE_NAME)
    with pytest.raises(CannotStart, match="must be 64 hexadecimal digits; restore the file") as problem:
        master_key(None, tmp_path)
    assert not text.strip() or text not in problem.value.message
    assert path.read_text() == text


def test_a_master_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a" * 64, 0o644, name=MASTER_KEY_FILE_NAME)
    with pytest.raises(CannotStart, match=r"master key .*\(mode 0644\)"):
        master_key(None, tmp_path)


def test_a_wrong_master_key_is_told_with_its_file_and_what_to_do(tmp_path: Path) -> None:
    told = wrong_master_key(tmp_path / "own.key", tmp_path, SealBroken("the secrets of these clients: a, b"))
    assert "clients: a, b" in told.message
    assert str(tmp_path / "own.key") in told.message
    assert "restore that file from a backup" in told.message
    assert str(tmp_path / MASTER_KEY_FILE_NAME) in wrong_master_key(None, tmp_path, SealBroken("")).message


def test_the_secret_of_a_webhook_is_made_once(tmp_path: Path) -> None:
    secret = webhook_secret("hook", None, tmp_path)
    assert len(signing_key(secret)) == 32
    assert webhook_secret("hook", None, tmp_path) == secret != webhook_secret("other", None, tmp_path)
    file = tmp_path / "webhooks" / "hook.secret"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_secret_of_the_operators_own_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", name="own")
    assert webhook_secret("hook", path, tmp_path) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0o644, name="own")
    with pytest.raises(CannotStart, match=r"secret of the webhook hook .*\(mode 0644\)"):
        webhook_secret("hook", path, tmp_path)


def test_what_is_no_secret_of_a_webhook_is_not_shown(tmp_path: Path) -> None:
    path = write(tmp_path, "hunter2", name="own")
    with pytest.raises(CannotStart, match="cannot be used: a webhook's secret must be whsec_") as refused:
        webhook_secret("hook", path, tmp_path)
    assert "hunter2" not in refused.value.message


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "webhooks").write_text("in the way")
    with pytest.raises(CannotStart, match="cannot make the folder"):
        webhook_secret("hook", None, tmp_path)
