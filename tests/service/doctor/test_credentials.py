"""Certificates and keys, made here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notifyd.clock import ms_of
from notifyd.model.diagnosis import Finding, Verdict
from notifyd.service.doctor.credentials import PushCheck, TlsCheck

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "notifyd@project.iam.gserviceaccount.com"
ENDS = (datetime.now(UTC) + timedelta(days=90)).replace(microsecond=0)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """The key of *name*."""
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate(name: str, issuer: str, *, ends: datetime = ENDS, named: bool = True) -> bytes:
    """One of *name*, signed by *issuer*."""
    builder = x509.CertificateBuilder(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
        key(name).public_key(), x509.random_serial_number(), ENDS - timedelta(days=180), ends,
    )  # fmt: skip
    if named:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(key(issuer), hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A good pair."""
    pair = tmp_path / "cert.pem", tmp_path / "key.pem"
    pair[0].write_bytes(certificate("push.example", "authority") + certificate("authority", "authority"))
    pair[1].write_bytes(pem_of(key("push.example")))
    return pair


async def found(files: tuple[Path, Path], loaded: datetime = ENDS) -> Finding:
    (finding,) = await TlsCheck(*files, lambda: ms_of(loaded)).look()
    return finding


async def test_a_certificate_with_its_key_and_its_authority(files: tuple[Path, Path]) -> None:
    finding = await found(files)
    assert (finding.verdict, finding.found[-len("2027-01-01") :]) == (Verdict.OK, f"{ENDS:%Y-%m-%d}")


async def test_one_that_was_renewed_and_not_loaded(files: tuple[Path, Path]) -> None:
    assert "newer than what is in use" in (await found(files, ENDS - timedelta(days=60))).found


async def test_the_key_of_another(files: tuple[Path, Path]) -> None:
    files[1].write_bytes(pem_of(key("other")))
    assert "is not the key of" in (await found(files)).found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (certificate("push.example", "authority") + certificate("other", "other"), "do not sign each other"),
        (certificate("push.example", "authority", named=False), "names no host"),
        (certificate("push.example", "push.example"), "signed by itself"),
        (certificate("push.example", "a", ends=ENDS - timedelta(days=100)), "has expired"),
        (b"-----BEGIN CERTIFICATE-----\nnone\n", "is no PEM that TLS can use"),
        (b"", "is no PEM that TLS can use"),
    ],
)
async def test_what_clients_would_refuse(files: tuple[Path, Path], content: bytes, words: str) -> None:
    files[0].write_bytes(content)
    finding = await found(files)
    assert words in finding.found
    assert finding.advice


async def test_files_that_are_gone(files: tuple[Path, Path]) -> None:
    files[1].unlink()
    finding = await found(files)
    assert (finding.verdict, finding.found) == (
        Verdict.FAILED, f"{files[1]} cannot be read: No such file or directory",
    )  # fmt: skip


@cache
def rsa_key(bits: int) -> str:
    return pem_of(rsa.generate_private_key(65537, bits)).decode()


async def test_a_key_that_google_takes() -> None:
    (finding,) = await PushCheck(EMAIL, rsa_key(2048), lambda: 0.0).look()
    assert (finding.verdict, finding.found) == (Verdict.OK, f"the key of {EMAIL} can sign")


@pytest.mark.parametrize(
    ("private_key", "words"),
    [("-----BEGIN PRIVATE KEY-----", "no private key in PEM"), (pem_of(key("x")).decode(), "is no RSA key")],
)
async def test_keys_that_it_does_not_take(private_key: str, words: str) -> None:
    (finding,) = await PushCheck(EMAIL, private_key, lambda: 0.0).look()
    assert finding.verdict is Verdict.FAILED
    assert words in finding.found
    assert "BEGIN" not in finding.found


async def test_a_key_that_is_too_short() -> None:
    (finding,) = await PushCheck(EMAIL, rsa_key(1024), lambda: 0.0).look()
    assert "has 1024 bits" in finding.found


async def test_a_provider_that_is_left_alone() -> None:
    (finding,) = await PushCheck(EMAIL, rsa_key(2048), lambda: 30.0).look()
    assert finding.verdict is Verdict.WARNING
