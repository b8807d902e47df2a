"""Users' tokens: JSON Web Tokens, signed by a client's back end with the client's secret.

HS256 is the only algorithm there is here, so that nothing in a token's header chooses how it is verified; keys and
addresses of keys in the header are not looked at. Refusals never hold the token or anything that was in it.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec
from jwt import PyJWS
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidAlgorithmError, InvalidKeyError, InvalidSignatureError, InvalidTokenError

from notifyd.errors import NotAuthenticated

_ALGORITHM: Final = "HS256"


class SignatureWrong(NotAuthenticated):
    """Another secret signed it, or nobody did."""

    code = "token_bad_signature"


class _Hs256(HMACAlgorithm):
    """HMAC with SHA-256, for secrets that were found usable when they were registered."""

    def __init__(self) -> None:
        super().__init__(HMACAlgorithm.SHA256)

    def prepare_key(self, key: str | bytes) -> bytes:
        return key.encode() if isinstance(key, str) else key

    def check_key_length(self, key: bytes) -> None:
        """Say nothing: whoever registers a short secret is warned then, not at each token."""


def _signatures() -> PyJWS:
    jws = PyJWS(algorithms=[])
    jws.register_algorithm(_ALGORITHM, _Hs256())
    return jws


_jws: Final = _signatures()


class RawClaims(msgspec.Struct, frozen=True, rename="camel"):
    """The claims that count, as they came; policy.access.claims checks them."""

    client_id: Any = None
    user_id: Any = None
    sub: Any = None
    exp: Any = None
    nbf: Any = None
    iat: Any = None
    channels: Any = None


_decode: Final = msgspec.json.Decoder(RawClaims).decode


def usable_secret(secret: str) -> bool:
    """Whether tokens may be signed with it: a public key or a certificate is known to others."""
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except InvalidKeyError:
        return False
    return True


def sign(claims: bytes, secret: bytes) -> str:
    """A token with these *claims*, a JSON object."""
    return _jws.encode(claims, secret, algorithm=_ALGORITHM)


def check_form(token: str, *, max_bytes: int) -> None:
    """Do nothing when *token* may be looked at.

    Raises:
        NotAuthenticated: it is too large (`token_too_large`), or no such text at all (`invalid_token`).
    """
    if len(token) > max_bytes:
        raise NotAuthenticated(f"the token has more than {max_bytes} bytes", code="token_too_large")
    if not token.isascii():
        raise _malformed()


def looks_like_a_token(credential: str) -> bool:
    """Whether it can be a JSON Web Token in its compact form; keys and the admin tokens that we make have no dots."""
    return credential.count(".") == 2


def verified(token: str, secret: bytes) -> RawClaims:
    """The claims of a *token* that is signed with *secret*; they are yet to be checked.

    Raises:
        SignatureWrong: somebody else signed it.
        NotAuthenticated: `token_algorithm` or `invalid_token`.
    """
    try:
        payload = _jws.decode_complete(token, secret, [_ALGORITHM])["payload"]
    except InvalidSignatureError:
        raise SignatureWrong("the token's signature is wrong: sign it with the secret of its client") from None
    except InvalidAlgorithmError:
        raise NotAuthenticated("the token is not signed with HS256", code="token_algorithm") from None
    except InvalidTokenError:
        raise _malformed() from None
    return _claims(payload)


def claimed_client(token: str) -> str | None:
    """The client that *token* names, nothing being verified; None where it names none.

    Raises:
        NotAuthenticated: it is no token (`invalid_token`).
    """
    segments = token.split(".")
    if len(segments) != 3:
        raise _malformed()
    payload = segments[1].rstrip("=")
    try:
        client_id = _claims(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).client_id
    except ValueError:
        raise _malformed() from None
    return client_id if isinstance(client_id, str) else None


def _claims(payload: bytes) -> RawClaims:
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _malformed() from None


def _malformed() -> NotAuthenticated:
    return NotAuthenticated(
        "the token is malformed: a JSON Web Token with a JSON object is asked for", code="invalid_token"
    )
