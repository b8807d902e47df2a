"""A daemon on another machine: where it is, and who we are to it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from notifyctl.exits import Refusal, Status

PORT: Final = 50052
"""Where a daemon takes admin calls from elsewhere unless it was told otherwise: its `admin.remote_port`."""
_OTHERS: Final = 0o077
_MOST_TOKEN_BYTES: Final = 4096


@dataclass(frozen=True)
class Remote:
    """A port where admin calls are taken from who shows the admin token."""

    host: str
    port: int
    #: Whether it speaks TLS; without, the host is loopback.
    secure: bool
    #: PEM file of the certificates that vouch for it; empty for those that the system trusts.
    ca_file: str = ""
    #: The name in its certificate, where that is not the host.
    server_name: str = ""
    #: File with the admin token, readable by its owner alone.
    token_file: str = ""

    @property
    def place(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """As `parse_url` reads it."""
        return f"grpc{'s' if self.secure else ''}://{self.place}"

    def token(self) -> str:
        """The admin token.

        Raises:
            Refusal: the file can be read by others, or holds none.
        """
        return read_private_line(self.token_file, "admin token")

    def authorities(self) -> bytes | None:
        """The certificates that vouch for it, in PEM; None leaves it to gRPC, which brings some.

        Raises:
            Refusal: the CA file cannot be read, or holds none.
        """
        if not self.ca_file:
            return _trusted_by_the_system()
        try:
            content = Path(self.ca_file).read_bytes()
        except OSError as exc:
            raise Refusal(f"The CA file {self.ca_file} cannot be read: {exc.strerror}.", Status.USAGE) from exc
        if not _holds_certificates(content):
            raise _usage(f"The CA file {self.ca_file} holds no certificate in PEM.")
        return content


def parse_url(url: str, *, ca_file: str = "", server_name: str = "", token_file: str = "") -> Remote:
    """The place that *url* names.

    Raises:
        Refusal: it is no such URL, or would send the token over a network without TLS.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError as exc:
        raise _usage(f"{url} is no URL: {exc}.") from exc
    if parts.scheme not in ("grpcs", "grpc") or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise _usage(f"{_without_user(url)} is no place of a daemon: name it as grpcs://HOST:PORT.")
    if "@" in parts.netloc:
        raise _usage("A credential does not belong in a URL: put the admin token into a file, and name it.")
    secure = parts.scheme == "grpcs"
    if not secure and not _is_loopback(host):
        raise _usage(f"The admin token must not travel to {host} without TLS: use grpcs://, or a tunnel to localhost.")
    return Remote(host, port, secure, ca_file, server_name, token_file)


def read_private_line(name: str, what: str) -> str:
    """The one line in the file *name*, which only its owner may read.

    Raises:
        Refusal: others can read it (DENIED), it is not there (NOT_FOUND), or it holds no such line.
    """
    path = Path(name).expanduser()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        status = Status.NOT_FOUND if isinstance(exc, FileNotFoundError) else Status.DENIED
        raise Refusal(f"The {what} {path} cannot be read: {exc.strerror}.", status, code="no_token") from exc
    try:
        found = os.fstat(descriptor)
        mode = stat.S_IMODE(found.st_mode)
        if not stat.S_ISREG(found.st_mode):
            raise _usage(f"The {what} {path} is no file.")
        if mode & _OTHERS:
            raise Refusal(
                f"The {what} {path} can be read by others (mode {mode:04o}): chmod 600 {path}",
                Status.DENIED,
                code="token_exposed",
            )
        line = os.read(descriptor, _MOST_TOKEN_BYTES).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    check_token(line, str(path))
    return line


def check_token(token: str, place: str) -> None:
    """Refuse what cannot be an admin token, without showing it.

    Raises:
        Refusal: it is empty, or more than a word of ASCII.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise _usage(f"What is in {place} is no admin token: it is one word, which `notifyctl tokens admin` prints.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _holds_certificates(content: bytes) -> bool:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode())
    except (ssl.SSLError, ValueError):
        return False
    return True


def _trusted_by_the_system() -> bytes | None:
    import ssl

    paths = ssl.get_default_verify_paths()
    try:
        return Path(paths.cafile or paths.openssl_cafile).read_bytes()
    except OSError:
        return None


def _without_user(url: str) -> str:
    return url.rpartition("@")[2] if "@" in url else url


def _usage(sentence: str) -> Refusal:
    return Refusal(sentence, Status.USAGE, code="usage")
