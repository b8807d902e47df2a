from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid, NotAuthenticated
from notifyd.model.ids import ClientId
from notifyd.policy.access.claims import Claims, check_claims, patterns_of
from notifyd.policy.access.tokens import RawClaims

NOW = 1_700_000_000
SHOP = ClientId("shop")
GOOD: dict[str, Any] = {"client_id": "shop", "user_id": "ann", "exp": NOW + 60}


def check(leeway_ms: int = 5000, **claims: Any) -> Claims:
    return check_claims(RawClaims(**(GOOD | claims)), SHOP, now=NOW * 1000, leeway_ms=leeway_ms)


def code_of(**claims: Any) -> str:
    with pytest.raises(NotAuthenticated) as refused:
        check(**claims)
    return refused.value.code


def test_good_claims_pass() -> None:
    claims = check(channels=["a.*", "subscribe:b", "publish:c"], iat=NOW, nbf=NOW, sub="other")
    assert claims == Claims(SHOP, "ann", (NOW + 60) * 1000, ("a.*", "subscribe:b", "publish:c"))  # type: ignore[arg-type]


@pytest.mark.parametrize("client", [None, 5, True, ["shop"], {"id": "shop"}])
def test_a_token_names_its_client(client: object) -> None:
    assert code_of(client_id=client) == "token_no_client"


@pytest.mark.parametrize("client", ["", "Shop", "shop ", "other"])
def test_a_token_is_for_one_client(client: str) -> None:
    assert code_of(client_id=client) == "token_wrong_client"


@pytest.mark.parametrize("exp", [None, True, False, "1700000060", [NOW + 60], {}])
def test_a_token_has_an_expiry(exp: object) -> None:
    assert code_of(exp=exp) == "token_no_expiry"


@pytest.mark.parametrize("exp", [NOW - 5, NOW - 5.0, 0, -1, -(10**30), -1e300])
def test_a_token_expires_when_the_leeway_is_used_up(exp: float) -> None:
    assert code_of(exp=exp) == "token_expired"


def test_the_leeway_counts_in_milliseconds() -> None:
    assert check(exp=NOW - 4.999).expires_at == NOW * 1000 - 4999
    with pytest.raises(NotAuthenticated):
        check(leeway_ms=0, exp=NOW)
    assert check(leeway_ms=0, exp=NOW + 0.001).expires_at == NOW * 1000 + 1


@pytest.mark.parametrize("exp", [1e300, 10**30, NOW * 1000, 253_402_300_800])
def test_what_never_ends_ends_with_the_year_9999(exp: float) -> None:
    assert check(exp=exp).expires_at == 253_402_300_799_000


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_may_begin_later(claim: str) -> None:
    assert code_of(**{claim: NOW + 6}) == "token_not_yet_valid"
    assert code_of(**{claim: 1e300}) == "token_not_yet_valid"
    assert check(**{claim: NOW + 5}).user_id == "ann"
    assert check(**{claim: -5}).user_id == "ann"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("value", ["1", True, [], {}])
def test_an_instant_is_a_number(claim: str, value: object) -> None:
    assert code_of(**{claim: value}) == "invalid_token"


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"user_id": "ann", "sub": "bob"}, "ann"),
        ({"user_id": None, "sub": "bob"}, "bob"),
        ({"user_id": "", "sub": "bob"}, "bob"),
        ({"user_id": 42}, "42"),
        ({"user_id": 0, "sub": "bob"}, "0"),
        ({"user_id": None, "sub": -7}, "-7"),
        ({"user_id": 2**63 - 1}, str(2**63 - 1)),
        ({"user_id": "x" * 256}, "x" * 256),
        ({"user_id": "Zoë 🛎"}, "Zoë 🛎"),
    ],
)
def test_the_user_comes_from_userid_and_else_from_sub(claims: dict[str, Any], user: str) -> None:
    assert check(**claims).user_id == user


@pytest.mark.parametrize(
    "user", [True, False, 1.5, 1.0, ["ann"], {"id": 1}, "x" * 257, "a\nb", "\ud800", 2**63, 10**4000]
)
def test_what_is_no_user(user: object) -> None:
    assert code_of(user_id=user, sub="bob") == "token_no_user"
    assert code_of(user_id=None, sub=user) == "token_no_user"


@pytest.mark.parametrize("empty", [None, ""])
def test_a_token_without_a_user_is_refused(empty: object) -> None:
    assert code_of(user_id=empty, sub=empty) == "token_no_user"


@pytest.mark.parametrize(
    "channels", ["news", {"a": 1}, 5, True, [1], ["a", None], [["a"]], [""], ["a", "publish:"], ["subscribe:"]]
)
def test_what_is_no_list_of_channels(channels: object) -> None:
    assert code_of(channels=channels) == "token_bad_channels"


def test_no_channels_are_none() -> None:
    assert check(channels=None).channels == check(channels=[]).channels == ()


def test_channels_are_patterns_to_subscribe_or_to_publish() -> None:
    assert patterns_of(["a", "subscribe:b*", "publish:c", "orders:7", "publish:x:y"]) == (
        ("a", "b*", "orders:7"),
        ("c", "x:y"),
    )
    with pytest.raises(Invalid, match="no PATTERN is empty"):
        patterns_of(["publish:"])


def test_no_refusal_repeats_what_the_token_holds() -> None:
    for claims in (
        {"client_id": "SECRET"},
        {"exp": "SECRET"},
        {"nbf": "SECRET"},
        {"user_id": ["SECRET"]},
        {"channels": "SECRET"},
    ):
        with pytest.raises(NotAuthenticated) as refused:
            check(**claims)
        assert "SECRET" not in refused.value.message


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["client_id", "user_id", "sub", "exp", "nbf", "iat", "channels"]), ANYTHING))
def test_whatever_the_claims_hold_they_pass_or_are_refused(claims: dict[str, Any]) -> None:
    try:
        found = check(**claims)
    except NotAuthenticated:
        return
    assert found.client_id == SHOP
    assert 0 < len(found.user_id) <= 256
