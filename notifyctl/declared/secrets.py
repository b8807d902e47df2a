"""Secrets on both ways: those that a declaration refers to, and those that the daemon makes and shows once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notifyctl.exits import Refusal, Status
from notifyctl.secrets.files import new_file, read_secret
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from notifyctl.daemons.calling import Daemon
    from notifyctl.declared.items import Item

#: The token is asked about at once; only clocks that differ need more than a moment.
_TOKEN_SECONDS: Final = 86_400


def declared_secret(item: Item) -> str:
    """The secret that the client *item* is declared with; "" where the daemon is to make one.

    Raises:
        Refusal: its file or its variable holds none.
    """
    source = item.secret
    if source is None:
        return ""
    if source.how == "secret_file":
        try:
            return read_secret(source.value, "secret")
        except OSError as exc:
            raise _missing(item, f"{source.value}: {exc.strerror}") from exc
    found = os.environ.get(source.value, "") if source.how == "secret_env" else source.value
    if not found.strip():
        raise _missing(item, f"the variable {source.value} is empty" if source.how == "secret_env" else "it is empty")
    return found.strip()


def _missing(item: Item, problem: str) -> Refusal:
    return Refusal(
        f"{item.place}: the secret of the client {item.name} cannot be read ({problem}).",
        Status.USAGE,
        code="secret_missing",
    )


def has_secret(daemon: Daemon, client_id: str, secret: str) -> bool:
    """Whether *secret* is the one in force of the client: a token that it signs tells, without the secret going out.

    Raises:
        Refusal: the daemon does not tell.
    """
    token = _signed({"clientId": client_id, "userId": "apply", "exp": int(time.time()) + _TOKEN_SECONDS}, secret)
    try:
        verified = daemon.call("VerifyToken", pb.VerifyTokenRequest(token=token, client_id=client_id))
    except Refusal as refusal:
        if refusal.status is Status.DENIED:
            return False
        raise
    return not verified.previous_secret


def _signed(claims: dict[str, Any], secret: str) -> str:
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    message = b".".join(map(_encoded, parts))
    return b".".join((message, _encoded(hmac.digest(secret.encode(), message, hashlib.sha256)))).decode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


class Safe:
    """A new file that only its owner can read, in which secrets are kept as they are made, a JSON object a line.

    It is made before anything is asked for, so that no secret is lost to a folder that cannot be written.
    """

    def __init__(self, name: str) -> None:
        """Make the file.

        Raises:
            Refusal: it exists.
            OSError: it cannot be made.
        """
        self.path = Path(name)
        self._descriptor = new_file(self.path)
        self._kept = 0

    def keep(self, record: dict[str, str]) -> None:
        """Write one secret, so that it outlives this process.

        Raises:
            Refusal: the disk does not take it.
        """
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)
        except OSError as exc:
            raise Refusal(
                f"The secret of {record['name']} could not be written to {self.path} ({exc.strerror}) and is lost: "
                "make another with `notifyctl keys rotate` or `notifyctl clients rotate-secret`."
            ) from exc
        self._kept += 1

    def close(self) -> None:
        """Nothing more comes; a file that holds nothing is taken away again."""
        os.close(self._descriptor)
        if not self._kept:
            self.path.unlink(missing_ok=True)
