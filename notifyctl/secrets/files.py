"""Secrets on their way in and out: from a file, stdin or the environment, never from the command line, where every
process of the machine could read them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from notifyctl import stdin
from notifyctl.exits import Refusal, Status, usage

TOKEN_VARIABLE: Final = "NOTIFYCTL_TOKEN"
"""May hold a user's token for `tokens inspect` and `tokens verify`."""
#: No secret, key or token that is taken anywhere is longer.
_MOST_CHARACTERS: Final = 64 * 1024
_ONLY_THE_OWNER: Final = 0o600


def read_secret(source: str, what: str) -> str:
    """The secret in the file *source*, or on stdin where that is `-`, without the space around it.

    *what* names it in sentences, such as "key".

    Raises:
        Refusal: there is none, or it is no text.
        OSError: the file cannot be read.
    """
    text = stdin.read_text() if source == "-" else stdin.decoded(Path(source).read_bytes(), source)
    return _checked(text, what, "on stdin" if source == "-" else f"in {source}")


def read_token(source: str | None) -> str:
    """A user's token from *source* (a file, or `-`), else from NOTIFYCTL_TOKEN, else from piped stdin.

    Raises:
        Refusal: there is none, or it was put on the command line.
    """
    if source is None and (given := os.environ.get(TOKEN_VARIABLE)):
        return _checked(given, "token", f"in {TOKEN_VARIABLE}")
    if source is None and stdin.is_terminal():
        raise usage(f"Name the token's file, pipe the token in, or put it into {TOKEN_VARIABLE}.")
    if source is not None and source.count(".") == 2 and source.startswith("ey") and not Path(source).exists():
        raise usage(
            f"A token does not belong on the command line: name its file, pipe it in, or put it into {TOKEN_VARIABLE}."
        )
    return read_secret(source or "-", "token")


def _checked(text: str, what: str, place: str) -> str:
    secret = text.strip()
    if not secret:
        raise usage(f"There is no {what} {place}.")
    if len(secret) > _MOST_CHARACTERS:
        raise usage(f"What is {place} is too long for a {what}.")
    return secret


def new_file(path: Path) -> int:
    """The descriptor of a new file that only its owner can read.

    Raises:
        Refusal: it exists.
        OSError: it cannot be made.
    """
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_THE_OWNER)
    except FileExistsError as exc:
        raise Refusal(f"{path} exists already; name a new file.", Status.CONFLICT, code="file_exists") from exc


class SecretOut:
    """A new file that only its owner can read, for a secret that is shown once.

    It is made before the daemon is asked, so that no secret is lost to a folder that cannot be written.
    """

    def __init__(self, name: str) -> None:
        """Make the file.

        Raises:
            Refusal: it exists.
            OSError: it cannot be made.
        """
        self.path = Path(name)
        self._descriptor = new_file(self.path)

    def keep(self, secret: str) -> None:
        """Write *secret* as one line.

        Raises:
            Refusal: the disk does not take it.
        """
        try:
            with os.fdopen(self._descriptor, "w", encoding="utf-8") as file:
                file.write(f"{secret}\n")
        except OSError as exc:
            raise Refusal(
                f"The secret could not be written to {self.path} ({exc.strerror}) and is lost; make another with "
                "`notifyctl clients rotate-secret`."
            ) from exc

    def drop(self) -> None:
        """Take the file away again: there is no secret."""
        os.close(self._descriptor)
        self.path.unlink(missing_ok=True)
