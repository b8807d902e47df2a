"""TLS of the listeners: a certificate that can be renewed while connections live."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from cryptography import x509

from notifyd.app.problems import CannotStart
from notifyd.clock import ms_of
from notifyd.ingress.rpc.tcp import Identity

if TYPE_CHECKING:
    from pathlib import Path


class Certificate:
    """The certificate and key of the settings; handshakes use what was loaded last."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load both.

        Raises:
            CannotStart: a file cannot be read, or is none that TLS can use.
        """
        self._certificate = certificate
        self._key = key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.set_alpn_protocols(["http/1.1"])
        #: The `marks` of what was loaded last.
        self.loaded = self.marks()
        self.load()

    def ends_at(self) -> int:
        """When what was loaded last is not good any more, in milliseconds since the Unix epoch."""
        return self._ends_at

    def identity(self) -> Identity:
        """What was loaded last, in PEM, for gRPC."""
        return self._identity

    def marks(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What changes when the files do, or when the links to them lead elsewhere; None for one that is not there."""
        return tuple(_mark(path) for path in (self._certificate, self._key))

    def load(self) -> None:
        """Read the files (again), for a certificate that was renewed.

        Raises:
            CannotStart: see above; what was loaded before goes on.
        """
        marks = self.marks()
        try:
            identity = Identity(self._certificate.read_bytes(), self._key.read_bytes())
        except OSError as exc:
            raise self._unusable(exc) from exc
        # A context that refuses a file half-way could be left without a key: try on another one first.
        trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for context in (trial, self.context):
            try:
                context.load_cert_chain(self._certificate, self._key, password=_no_password)
            except (OSError, ssl.SSLError) as exc:
                raise self._unusable(exc) from exc
        self._identity = identity
        self.loaded = marks
        # the first one of the file is the daemon's own, those behind it lead to an authority
        self._ends_at = ms_of(x509.load_pem_x509_certificate(identity.chain).not_valid_after_utc)

    def _unusable(self, problem: OSError) -> CannotStart:
        return CannotStart(
            f"TLS: cannot use {self._certificate} with {self._key} "
            f"(server.tls_certificate, server.tls_key): {problem.strerror or problem}"
        )


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


def _no_password() -> str:
    """A sealed key is refused: without this OpenSSL would ask for its password on the terminal, and wait."""
    return ""
