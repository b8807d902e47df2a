from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.ids import ClientId
from notifyd.policy.access.sealing import SealBroken, Sealer

SEALER = Sealer(bytes(range(32)))
SHOP = ClientId("shop")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50), st.text(alphabet="abc", max_size=5))
def test_what_was_sealed_is_opened(secret: str, client: str) -> None:
    assert SEALER.unseal(ClientId(client), SEALER.seal(ClientId(client), secret)) == secret


def test_a_sealed_text_is_one_printable_word_that_is_never_the_same_and_tells_nothing() -> None:
    first, second = SEALER.seal(SHOP, "the secret itself"), SEALER.seal(SHOP, "the secret itself")
    assert first != second
    assert first.startswith("v1.")
    assert first.isascii()
    assert first.isprintable()
    assert b"secret" not in base64.urlsafe_b64decode(first.removeprefix("v1."))


def test_another_client_cannot_use_it() -> None:
    with pytest.raises(SealBroken, match="cannot be opened"):
        SEALER.unseal(ClientId("other"), SEALER.seal(SHOP, "secret"))


def test_another_master_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken, match="cannot be opened"):
        Sealer(bytes(32)).unseal(SHOP, SEALER.seal(SHOP, "secret"))


def test_no_change_of_it_goes_unnoticed() -> None:
    sealed = SEALER.seal(SHOP, "secret")
    raw = bytearray(base64.urlsafe_b64decode(sealed.removeprefix("v1.")))
    for place in range(len(raw)):
        changed = bytes(byte ^ (place == n) for n, byte in enumerate(raw))
        with pytest.raises(SealBroken):
            SEALER.unseal(SHOP, "v1." + base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize("text", ["v1.", "v1.AAAA", "v1.!!", "v1.é", "v1.A", "v1." + "A" * 36])
def test_what_is_no_sealed_text_is_refused(text: str) -> None:
    with pytest.raises(SealBroken, match="cannot be opened"):
        SEALER.unseal(SHOP, text)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(SealBroken):
        SEALER.unseal(SHOP, text)


def test_another_way_of_sealing_is_told() -> None:
    with pytest.raises(SealBroken, match="in a way that this version does not know"):
        SEALER.unseal(SHOP, SEALER.seal(SHOP, "secret").replace("v1.", "v2."))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_has_one_size(size: int) -> None:
    with pytest.raises(ValueError, match="has 32 bytes"):
        Sealer(bytes(size))
