"""The daemon's own secrets: the admin token, the master key that seals clients' secrets, and those of webhooks."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from notifyd.app.machine.private_files import private_line
from notifyd.app.problems import CannotStart
from notifyd.errors import Invalid
from notifyd.policy.access.sealing import MASTER_KEY_BYTES
from notifyd.policy.webhooks.signing import new_secret, signing_key

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.policy.access.sealing import SealBroken

FILE_NAME: Final = "admin.token"
MASTER_KEY_FILE_NAME: Final = "master.key"
_TOKEN_BYTES: Final = 32
_MIN_LENGTH: Final = 16
_MAX_LENGTH: Final = 1024
WEBHOOKS_FOLDER: Final = "webhooks"


def admin_token(state_dir: Path) -> str:
    """The admin token of this state folder, made where there is none yet. The folder must be locked.

    Raises:
        CannotStart: the file can be read by others, says nothing useful, or cannot be read or written.
    """
    path = state_dir / FILE_NAME
    token = private_line(path, "admin token", lambda: secrets.token_urlsafe(_TOKEN_BYTES), max_length=_MAX_LENGTH)
    usable = token.isascii() and token.isprintable() and " " not in token
    if not (usable and _MIN_LENGTH <= len(token) <= _MAX_LENGTH):
        raise CannotStart(
            f"the admin token {path} must be one word of {_MIN_LENGTH} to {_MAX_LENGTH} ASCII characters; "
            "remove the file to have a new one made"
        )
    return token


def master_key_path(configured: Path | None, state_dir: Path) -> Path:
    """Where the master key is kept."""
    return configured.expanduser() if configured is not None else state_dir / MASTER_KEY_FILE_NAME


def master_key(configured: Path | None, state_dir: Path) -> bytes:
    """The master key in the *configured* file or in the state folder, made where there is none yet.

    Raises:
        CannotStart: the file can be read by others, holds no such key, or cannot be read or written.
    """
    path = master_key_path(configured, state_dir)
    digits = 2 * MASTER_KEY_BYTES
    line = private_line(path, "master key", lambda: secrets.token_hex(MASTER_KEY_BYTES), max_length=digits)
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", line):
        raise CannotStart(
            f"the master key {path} must be {digits} hexadecimal digits; restore the file from a backup, "
            "because what was sealed with it cannot be opened otherwise"
        )
    return bytes.fromhex(line)


def webhook_secret(name: str, configured: Path | None, state_dir: Path) -> str:
    """The secret of a webhook, in the *configured* file or in the state folder, made where there is none yet.

    Raises:
        CannotStart: the file can be read by others, holds no such secret, or cannot be read or written.
    """
    path = configured if configured is not None else state_dir / WEBHOOKS_FOLDER / f"{name}.secret"
    if configured is None:
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise CannotStart(f"cannot make the folder {path.parent}: {exc.strerror}") from exc
    secret = private_line(path, f"secret of the webhook {name}", new_secret, max_length=_MAX_LENGTH)
    try:
        signing_key(secret)
    except Invalid as exc:
        raise CannotStart(f"the secret of the webhook {name} in {path} cannot be used: {exc.message}") from exc
    return secret


def wrong_master_key(configured: Path | None, state_dir: Path, problem: SealBroken) -> CannotStart:
    """What to tell when the master key does not open what the store holds."""
    path = master_key_path(configured, state_dir)
    return CannotStart(
        f"{problem.message}: the master key {path} (records.master_key_file) is not the one that sealed them; "
        "restore that file from a backup, copy it from the other daemons of these records, or point the setting to it"
    )
