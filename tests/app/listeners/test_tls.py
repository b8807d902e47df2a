from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from notifyd.app.listeners.tls import Certificate
from notifyd.app.problems import CannotStart
from notifyd.clock import now_ms
from notifyd.ingress.rpc.tcp import Identity

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path, name: str, *options: str) -> tuple[Path, Path]:
    """A self-signed certificate of *name* and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = [
        "openssl",
        "req",
        "-x509",
        *curve,
        *subject,
        *(options or ["-nodes"]),
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    return certificate, key


def shown(server: ssl.SSLContext) -> bytes | None:
    """The certificate that a client is shown in a handshake."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    towards, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(back, towards)
    there = server.wrap_bio(towards, back, server_side=True)
    for side in (here, there, here):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return here.getpeercert(binary_form=True)


def der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def test_a_renewed_certificate_is_shown_from_the_next_handshake_on(tmp_path: Path) -> None:
    old, new = make(tmp_path, "old"), make(tmp_path, "new")
    certificate = Certificate(*old)
    assert shown(certificate.context) == der(old[0])
    assert certificate.identity() == Identity(old[0].read_bytes(), old[1].read_bytes())
    before = old[0].read_bytes()
    for source, target in zip(new, old, strict=True):
        target.write_bytes(source.read_bytes())
    certificate.load()
    assert certificate.identity() == Identity(new[0].read_bytes(), new[1].read_bytes())
    assert shown(certificate.context) == der(new[0]) != ssl.PEM_cert_to_DER_cert(before.decode())


def test_what_cannot_be_used_is_named_and_the_one_before_goes_on(tmp_path: Path) -> None:
    good, other = make(tmp_path, "good"), make(tmp_path, "other")
    kept = der(good[0])
    certificate = Certificate(*good)
    identity = certificate.identity()
    good[1].write_bytes(other[1].read_bytes())
    with pytest.raises(CannotStart, match=r"TLS: cannot use .*good\.pem with .*good\.key") as problem:
        certificate.load()
    assert "server.tls_certificate" in problem.value.message
    assert (shown(certificate.context), certificate.identity()) == (kept, identity)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="No such file"):
        Certificate(tmp_path / "a.pem", tmp_path / "a.key")


def test_nobody_is_asked_for_the_password_of_a_key(tmp_path: Path) -> None:
    sealed = make(tmp_path, "sealed", "-passout", "pass:secret")
    with pytest.raises(CannotStart, match="TLS: cannot use"):
        Certificate(*sealed)


def test_it_tells_when_it_ends(tmp_path: Path) -> None:
    certificate = Certificate(*make(tmp_path, "a"))
    assert 0 < certificate.ends_at() - now_ms() <= 24 * 3600 * 1000
