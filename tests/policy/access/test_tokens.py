"""Attacks on the form and the signature of tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import NotAuthenticated
from notifyd.policy.access.tokens import (
    RawClaims,
    SignatureWrong,
    check_form,
    claimed_client,
    sign,
    usable_secret,
    verified,
)

SECRET = b"a secret that is long enough for everybody"
CLAIMS = {"clientId": "shop", "userId": "ann", "exp": 1_900_000_000}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: bytes | dict[str, Any], payload: bytes | dict[str, Any] = CLAIMS, *, key: bytes = SECRET) -> str:
    """A token of any shape, signed as HS256 would."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = ".".join(map(b64, parts))
    return f"{text}.{b64(hmac.digest(key, text.encode(), hashlib.sha256))}"


def code_of(token: str) -> str:
    with pytest.raises(NotAuthenticated) as refused:
        verified(token, SECRET)
    assert refused.value.__cause__ is None
    return refused.value.code


def test_a_good_token_is_read() -> None:
    claims = verified(sign(json.dumps(CLAIMS | {"role": "admin"}).encode(), SECRET), SECRET)
    assert claims == RawClaims(client_id="shop", user_id="ann", exp=1_900_000_000)
    assert verified(forged({"alg": "HS256"}), SECRET) == claims


def test_tokens_of_other_libraries_are_the_same() -> None:
    assert verified(jwt.encode(CLAIMS, SECRET, algorithm="HS256"), SECRET).user_id == "ann"
    assert jwt.decode(sign(json.dumps(CLAIMS).encode(), SECRET), SECRET, algorithms=["HS256"]) == CLAIMS


def test_a_short_secret_works_without_a_word() -> None:
    assert verified(sign(b'{"sub":1}', b"8letters"), b"8letters").sub == 1


@pytest.mark.parametrize("key", [b"", b"another", SECRET + b"x", SECRET[:-1]])
def test_another_secret_is_a_bad_signature(key: bytes) -> None:
    assert code_of(forged({"alg": "HS256"}, key=key)) == "token_bad_signature"


def test_every_changed_character_is_noticed() -> None:
    token = sign(json.dumps(CLAIMS).encode(), SECRET)
    for place, character in enumerate(token):
        other = "A" if character != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        assert code_of(changed) in ("token_bad_signature", "invalid_token", "token_algorithm")


@pytest.mark.parametrize(
    "algorithm",
    [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS384",
        "HS512",
        "RS256",
        "ES256",
        "PS256",
        "EdDSA",
        "hs256",
        "HS256 ",
        None,
        5,
        ["HS256"],
        {},
    ],
)
def test_no_other_algorithm_counts_whatever_the_signature(algorithm: object) -> None:
    token = forged({"alg": algorithm})
    head, payload, _ = token.split(".")
    for attempt in (token, f"{head}.{payload}."):
        assert code_of(attempt) == "token_algorithm"


def test_a_header_without_an_algorithm_is_refused() -> None:
    assert code_of(forged({"typ": "JWT"})) == "token_algorithm"


def test_a_token_signed_with_a_private_key_is_refused_whatever_the_secret() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert code_of(jwt.encode(CLAIMS, private, algorithm="RS256")) == "token_algorithm"
    with pytest.raises(NotAuthenticated) as refused:
        verified(jwt.encode(CLAIMS, private, algorithm="RS256"), public)
    assert refused.value.code == "token_algorithm"
    assert not usable_secret(public.decode())


@pytest.mark.parametrize(
    "extra",
    [
        {"kid": "../../etc/passwd"},
        {"kid": "' OR 1=1"},
        {"jku": "http://169.254.169.254/"},
        {"x5u": "http://127.0.0.1:9/"},
        {"jwk": {"kty": "oct", "k": b64(b"attacker")}},
        {"x5c": ["AAAA"]},
        {"typ": "at+jwt"},
        {"cty": "JWT"},
    ],
)
def test_keys_named_in_the_header_are_not_looked_at(extra: dict[str, Any]) -> None:
    assert verified(forged({"alg": "HS256"} | extra), SECRET).user_id == "ann"
    assert code_of(forged({"alg": "HS256"} | extra, key=b"attacker")) == "token_bad_signature"


@pytest.mark.parametrize(
    "extra",
    [
        {"b64": False},
        {"b64": False, "crit": ["b64"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": "b64"},
        {"crit": [5]},
        {"kid": 5},
        {"kid": None},
    ],
)
def test_extensions_that_change_what_is_signed_are_refused(extra: dict[str, Any]) -> None:
    assert code_of(forged({"alg": "HS256"} | extra)) == "invalid_token"


def test_of_a_name_that_comes_twice_the_last_one_counts_here_and_there() -> None:
    assert code_of(forged(b'{"alg":"HS256","alg":"none"}')) == "token_algorithm"
    token = forged({"alg": "HS256"}, b'{"clientId":"a","clientId":"b"}')
    assert verified(token, SECRET).client_id == claimed_client(token) == "b"


@pytest.mark.parametrize(
    "payload",
    [b"", b"5", b"[]", b'"text"', b"null", b"{", b"\xff", b'{"a":NaN}', b'{"exp":1e400}', b"{}{}",
     b'{"sub":"\\ud800"}', b'{"sub":"\xff"}', b'{"x":' + b"[" * 6000 + b"]" * 6000 + b"}",
     b'{"exp":' + b"1" * 6000 + b"}"],
)  # fmt: skip
def test_a_payload_is_one_json_object(payload: bytes) -> None:
    token = forged({"alg": "HS256"}, payload)
    assert code_of(token) == "invalid_token"
    with pytest.raises(NotAuthenticated):
        claimed_client(token)


@pytest.mark.parametrize(
    "header", [b"", b"5", b"[]", b"{", b"\xff", b"[" * 6000, b'{"alg":"HS256"', b'{"alg":' + b"1" * 6000 + b"}"]
)
def test_a_header_is_one_json_object(header: bytes) -> None:
    assert code_of(forged(header)) == "invalid_token"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "!!!!.e30.AAAA", "e30.e30.e30.e30", " "]
)
def test_what_is_no_token_at_all(token: str) -> None:
    assert code_of(token) in ("invalid_token", "token_algorithm")


def test_a_token_has_one_spelling() -> None:
    token = sign(b'{"sub":"1"}', SECRET)
    for other in (f" {token}", f"{token}\n", token.replace(".", ".\n", 1), f"{token}===="):
        assert code_of(other) == "invalid_token"
    assert code_of(f"{token}A") == "token_bad_signature"


def test_the_form_is_bounded_and_ascii() -> None:
    check_form("x" * 8192, max_bytes=8192)
    for token, code in (("x" * 8193, "token_too_large"), ("é", "invalid_token"), ("\ud800", "invalid_token")):
        with pytest.raises(NotAuthenticated) as refused:
            check_form(token, max_bytes=8192)
        assert refused.value.code == code


@pytest.mark.parametrize("client", [None, 5, ["a"], {"a": 1}])
def test_a_client_is_named_by_a_text(client: object) -> None:
    assert claimed_client(forged({"alg": "HS256"}, {"clientId": client})) is None


def test_no_refusal_repeats_the_token_or_the_secret() -> None:
    for token in (forged({"alg": "nobody"}), forged({"alg": "HS256"}, key=b"x"), forged(b"nobody"), "nobody"):
        with pytest.raises(NotAuthenticated) as refused:
            verified(token, SECRET)
        told = repr(refused.value) + refused.value.message
        assert "nobody" not in told
        assert token not in told
        assert SECRET.decode() not in told


@pytest.mark.parametrize("secret", ["8letters", "x" * 1000, '{"a":1}', "12345678"])
def test_what_tokens_may_be_signed_with(secret: str) -> None:
    assert usable_secret(secret)


@pytest.mark.parametrize("secret", ["", "ssh-rsa AAAAB3NzaC1yc2E", '{"kty":"oct","k":"AAAA"}'])
def test_what_tokens_may_not_be_signed_with(secret: str) -> None:
    assert not usable_secret(secret)


@given(
    st.text(max_size=200)
    | st.text(alphabet="eyJ0.-_=AIiZ", max_size=200)
    | st.binary().map(lambda b: b.decode("latin-1"))
)
def test_any_other_text_is_refused_and_nothing_else_happens(token: str) -> None:
    for read in (
        lambda: verified(token, SECRET),
        lambda: claimed_client(token),
        lambda: check_form(token, max_bytes=100),
    ):
        try:
            read()
        except NotAuthenticated:
            continue


@given(st.binary(max_size=100), st.binary(max_size=100), st.binary(max_size=40))
def test_any_three_segments_are_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    with pytest.raises(NotAuthenticated):
        verified(".".join(map(b64, (header, payload, signature))), SECRET)


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.integers() | st.none(), max_size=4))
def test_whatever_the_header_adds_the_signature_decides(extra: dict[str, Any]) -> None:
    with pytest.raises(SignatureWrong):
        verified(
            forged({k: v for k, v in extra.items() if k not in ("crit", "kid", "b64")} | {"alg": "HS256"}, key=b"x"),
            SECRET,
        )
