"""TLS before a server that has none: the one in the package is built without."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 20.0


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a host name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    places = folder / f"{name}.pem", folder / f"{name}.key"
    places[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    places[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return places


@contextmanager
def tls_front(target: Path, certificate: Path, key: Path) -> Iterator[int]:
    """Take TLS connections on a port, which is answered, and pass them on to a Unix socket while the body runs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = threading.Thread(target=_serve, args=(listening, context, target), daemon=True)
    serving.start()
    try:
        yield listening.getsockname()[1]
    finally:
        # closing alone would not wake the thread
        listening.shutdown(socket.SHUT_RDWR)
        serving.join(_SECONDS)
        listening.close()


def _serve(listening: socket.socket, context: ssl.SSLContext, target: Path) -> None:
    with suppress(OSError):
        while True:
            accepted, _ = listening.accept()
            threading.Thread(target=_pass_on, args=(accepted, context, target), daemon=True).start()


def _pass_on(accepted: socket.socket, context: ssl.SSLContext, target: Path) -> None:
    """One connection: one thread that looks at both ends in turn, because a TLS socket belongs to one thread."""
    accepted.settimeout(_SECONDS)
    with (
        accepted,
        suppress(OSError),
        context.wrap_socket(accepted, server_side=True) as front,
        socket.socket(socket.AF_UNIX) as back,
    ):
        back.connect(str(target))
        front.settimeout(0.002)
        back.settimeout(0.002)
        while _moved(front, back) and _moved(back, front):
            pass


def _moved(source: socket.socket, sink: socket.socket) -> bool:
    try:
        received = source.recv(65536)
    except TimeoutError:
        return True
    if received:
        sink.settimeout(_SECONDS)
        sink.sendall(received)
        sink.settimeout(0.002)
    return bool(received)
