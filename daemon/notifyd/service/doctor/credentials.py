"""Checks of what the daemon shows of itself: to clients its certificate, to the push provider its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from notifyd.clock import ms_of, now_ms
from notifyd.model.diagnosis import Finding, Verdict
from notifyd.model.machine import CertificateFacts, PushFacts
from notifyd.policy.diagnosis.machine import judge_certificate, judge_push

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: What Google takes.
_LEAST_KEY_BITS: Final = 2048
_RENEWED_WRONG: Final = "the daemon goes on with the one that it has loaded; put the right files there"


class TlsCheck:
    """The certificate and key files of the settings, as they are now."""

    name = "tls"

    def __init__(self, certificate: Path, key: Path, loaded_ends_at: Callable[[], int]) -> None:
        """*loaded_ends_at*: when the certificate in use ends, in milliseconds since the Unix epoch."""
        self._certificate = certificate
        self._key = key
        self._loaded_ends_at = loaded_ends_at

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        try:
            facts = await trio.to_thread.run_sync(self._facts, abandon_on_cancel=True)
        except OSError as exc:
            found = f"{exc.filename} cannot be read: {exc.strerror or exc}"
            return [Finding(self.name, Verdict.FAILED, found, _RENEWED_WRONG)]
        except (ValueError, TypeError, UnsupportedAlgorithm):
            found = f"{self._certificate} or {self._key} is no PEM that TLS can use"
            return [Finding(self.name, Verdict.FAILED, found, _RENEWED_WRONG)]
        return [judge_certificate(facts, now_ms())]

    def _facts(self) -> CertificateFacts:
        own, *others = chain = x509.load_pem_x509_certificates(self._certificate.read_bytes())
        key = load_pem_private_key(self._key.read_bytes(), password=None).public_key()
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return CertificateFacts(
            path=self._certificate,
            names=_names(own),
            begins_at=ms_of(own.not_valid_before_utc),
            ends_at=ms_of(own.not_valid_after_utc),
            key_fits=own.public_key().public_bytes(*form) == key.public_bytes(*form),
            chain_fits=all(_signed(below, above) for below, above in zip(chain, others, strict=False)),
            self_signed=own.issuer == own.subject and not others,
            loaded_ends_at=self._loaded_ends_at(),
        )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


class PushCheck:
    """The credentials of Firebase Cloud Messaging, and whether it takes them."""

    name = "push"

    def __init__(self, client_email: str, private_key: str, paused_seconds: Callable[[], float]) -> None:
        """*private_key* in PEM; *paused_seconds*: for how long the provider is left alone."""
        self._client_email = client_email
        self._private_key = private_key
        self._paused_seconds = paused_seconds

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        problem = await trio.to_thread.run_sync(self._key_problem, abandon_on_cancel=True)
        return [judge_push(PushFacts(self._client_email, problem, self._paused_seconds()))]

    def _key_problem(self) -> str:
        try:
            key = load_pem_private_key(self._private_key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return "is no private key in PEM without a password"
        if not isinstance(key, RSAPrivateKey):
            return "is no RSA key"
        return "" if key.key_size >= _LEAST_KEY_BITS else f"has {key.key_size} bits, {_LEAST_KEY_BITS} are the least"
