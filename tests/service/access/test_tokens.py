from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifyd.clock import now_ms
from notifyd.errors import Invalid, NotAuthenticated, NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.principal import Grants
from notifyd.policy.access.tokens import sign
from notifyd.service.clients.clients import NewClient
from tests.service.client_samples import GOOD_SECRET, TOKEN_RULES, House

if TYPE_CHECKING:
    from collections.abc import Sequence


class Shop:
    """A client whose back end signs tokens."""

    def __init__(self, house: House, client_id: ClientId) -> None:
        self.house = house
        self.id = client_id

    def token(self, secret: str = GOOD_SECRET, **claims: Any) -> str:
        wanted = {"clientId": self.id, "userId": "ann", "exp": time.time() + 60} | claims
        return sign(json.dumps({k: v for k, v in wanted.items() if v is not None}).encode(), secret.encode())

    def code_of(self, token: str, client_id: ClientId | None = None) -> str:
        with pytest.raises(NotAuthenticated) as refused:
            self.house.tokens.verify(token, client_id)
        assert token not in refused.value.message or not token
        assert GOOD_SECRET not in refused.value.message
        return refused.value.code


async def _open() -> tuple[Shop, Shop]:
    house = await House().loaded()
    secrets = (GOOD_SECRET, "another good secret")
    first, second = [(await house.clients.register(NewClient("shop", secret))).client.id for secret in secrets]
    return Shop(house, first), Shop(house, second)


@pytest.fixture
def shops() -> tuple[Shop, Shop]:
    return trio.run(_open)


@pytest.fixture
def shop(shops: tuple[Shop, Shop]) -> Shop:
    return shops[0]


@pytest.fixture
def other(shops: tuple[Shop, Shop]) -> Shop:
    return shops[1]


def test_a_token_stands_for_a_user_of_its_client(shop: Shop) -> None:
    exp = int(time.time()) + 60
    for client_id in (None, shop.id):
        principal = shop.house.tokens.verify(shop.token(exp=exp), client_id)
        assert (principal.client_id, principal.user_id, principal.key_id) == (shop.id, "ann", "")
        assert principal.expires_at == exp * 1000
        assert principal.secret_digest == shop.house.clients.secrets_of(shop.id)[0].digest
        assert principal.credential == "user/ann"


def test_a_user_may_do_what_the_rules_allow_and_the_token_adds(shop: Shop) -> None:
    verify = shop.house.tokens.verify
    assert verify(shop.token()).grants == Grants(("chat",), ("open.*",), broadcast=True, users=True)
    channels = ["news", "subscribe:a.*", "publish:b"]
    grants = verify(shop.token(channels=channels)).grants
    assert (grants.subscribe, grants.publish) == (("open.*", "news", "a.*"), ("chat", "b"))
    shop.house.tokens.rules = msgspec.structs.replace(
        TOKEN_RULES, users_subscribe=(), users_publish=(), users_may_publish=False
    )
    assert verify(shop.token()).grants == Grants()


def test_tokens_of_jsonwebtoken_and_pyjwt_work_unchanged(shop: Shop) -> None:
    now = int(time.time())
    claims = {"sub": "user-id", "userId": "user-id", "clientId": shop.id, "iat": now, "exp": now + 86_400}
    assert shop.house.tokens.verify(jwt.encode(claims, GOOD_SECRET, algorithm="HS256")).user_id == "user-id"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": None}, "token_no_expiry"),
        ({"exp": 1}, "token_expired"),
        ({"nbf": 9e9}, "token_not_yet_valid"),
        ({"userId": None}, "token_no_user"),
        ({"channels": "news"}, "token_bad_channels"),
        ({"clientId": "default"}, "token_wrong_client"),
        ({"clientId": None}, "token_no_client"),
        ({"clientId": 5}, "token_no_client"),
        ({"iat": "now"}, "invalid_token"),
    ],
)
def test_a_refusal_says_why_to_whoever_has_the_secret_and_to_nobody_else(
    shop: Shop, claims: dict[str, Any], code: str
) -> None:
    assert shop.code_of(shop.token(**claims), shop.id) == code
    assert shop.code_of(shop.token("not the secret of it", **claims), shop.id) == "token_bad_signature"


def test_without_a_client_the_token_has_to_name_one(shop: Shop) -> None:
    for client in (None, 5, ["a"], ""):
        assert shop.code_of(shop.token(clientId=client)) == "token_no_client"
    assert shop.code_of(shop.token(clientId="default")) == "token_bad_signature"


@pytest.mark.parametrize("client_id", [None, ClientId("nobody")])
def test_a_client_that_is_not_there_is_a_bad_signature(shop: Shop, client_id: ClientId | None) -> None:
    assert shop.code_of(shop.token(clientId="nobody"), client_id) == "token_bad_signature"


def test_form_and_algorithm_are_told_for_every_client(shop: Shop) -> None:
    hs512 = jwt.encode({"clientId": shop.id}, GOOD_SECRET * 2, algorithm="HS512")
    for client_id in (shop.id, ClientId("nobody")):
        assert shop.code_of("a.b.c", client_id) == "invalid_token"
        assert shop.code_of(hs512, client_id) == "token_algorithm"
        assert shop.code_of("x" * 8193, client_id) == "token_too_large"
        assert shop.code_of("é", client_id) == "invalid_token"


def test_a_good_token_is_good_for_its_own_client_alone(shop: Shop, other: Shop) -> None:
    assert shop.code_of(shop.token(), other.id) == "token_wrong_client"
    assert shop.code_of(shop.token(), ClientId("nobody")) == "token_wrong_client"
    assert shop.code_of(shop.token("another good secret"), other.id) == "token_wrong_client"
    assert shop.code_of(other.token(), shop.id) == "token_wrong_client"
    assert shop.code_of(other.token(), other.id) == "token_bad_signature"
    assert shop.code_of(shop.token("not the secret of it"), other.id) == "token_bad_signature"


async def test_the_old_secret_is_good_for_the_overlap(shop: Shop) -> None:
    rotated = await shop.house.clients.rotate_secret(shop.id, secret="a brand new secret")
    old = shop.house.tokens.verify(shop.token(exp=time.time() + 10**6))
    new = shop.house.tokens.verify(shop.token("a brand new secret"))
    assert old.expires_at == rotated.client.previous_until
    assert new.secret_digest != old.secret_digest
    assert shop.house.clients.ends_at(shop.id, old.secret_digest) == rotated.client.previous_until
    verify = shop.house.tokens.verify_claims
    assert (verify(shop.token()).previous_secret, verify(shop.token("a brand new secret")).previous_secret) == (
        True,
        False,
    )


async def test_a_token_of_the_old_secret_ends_when_it_says_so_itself(shop: Shop) -> None:
    await shop.house.clients.rotate_secret(shop.id)
    exp = int(time.time()) + 60
    assert shop.house.tokens.verify(shop.token(exp=exp)).expires_at == exp * 1000


async def test_after_a_rotation_without_overlap_it_is_a_bad_signature_at_once(shop: Shop) -> None:
    token = shop.token()
    shop.house.tokens.verify(token)
    await shop.house.clients.rotate_secret(shop.id, overlap_ms=0)
    assert shop.code_of(token) == "token_bad_signature"


async def test_a_removed_client_has_no_users(shop: Shop) -> None:
    token = shop.token()
    await shop.house.clients.remove(shop.id)
    assert shop.code_of(token) == "token_bad_signature"


def test_who_was_let_in_by_the_leeway_gets_what_is_left_of_it(shop: Shop) -> None:
    now = now_ms()
    principal = shop.house.tokens.verify(shop.token(exp=now / 1000 - 1))
    assert now < (principal.expires_at or 0) <= now + 4001
    assert shop.house.tokens.verify_claims(shop.token(exp=now // 1000)).expires_at == now // 1000 * 1000


def test_the_rules_can_change(shop: Shop) -> None:
    shop.house.tokens.rules = msgspec.structs.replace(TOKEN_RULES, leeway_seconds=0, max_bytes=300)
    assert shop.code_of(shop.token(exp=time.time() - 1)) == "token_expired"
    assert shop.code_of(shop.token(sub="x" * 300)) == "token_too_large"


def test_a_minted_token_is_a_good_one(shop: Shop) -> None:
    minted = shop.house.tokens.mint(shop.id, "ann", ttl_ms=1500, channels=["news", "publish:b"])
    claims = shop.house.tokens.verify_claims(minted.token)
    assert (claims.client_id, claims.user_id, claims.channels) == (shop.id, "ann", ("news", "publish:b"))
    assert claims.expires_at == minted.expires_at
    assert 1400 < minted.expires_at - now_ms() <= 2500
    decoded = jwt.decode(minted.token, GOOD_SECRET, algorithms=["HS256"])
    assert sorted(decoded) == ["channels", "clientId", "exp", "iat", "sub", "userId"]


def test_a_minted_token_lasts_an_hour_unless_told_otherwise(shop: Shop) -> None:
    minted = shop.house.tokens.mint(DEFAULT_CLIENT, "ann")
    assert abs(minted.expires_at - now_ms() - 3_600_000) <= 2000
    assert shop.house.tokens.verify(minted.token).client_id == "default"


@pytest.mark.parametrize(
    ("user", "ttl_ms", "channels"),
    [
        ("", 1, ()),
        ("x" * 257, 1, ()),
        ("ann", 0, ()),
        ("ann", -1, ()),
        ("ann", 10**12, ()),
        ("ann", 1, ["publish:"]),
        ("ann", 1, ["x" * 100] * 100),
    ],
)
def test_what_cannot_be_minted(shop: Shop, user: str, ttl_ms: int, channels: Sequence[str]) -> None:
    with pytest.raises(Invalid):
        shop.house.tokens.mint(shop.id, user, ttl_ms=ttl_ms, channels=channels)


def test_no_token_is_minted_for_nobodys_users(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.house.tokens.mint(ClientId("nobody"), "ann")


ALL = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@ALL
@given(
    st.text(max_size=100)
    | st.text(alphabet="eyJ0.-_=AIiZ", max_size=100)
    | st.binary().map(lambda b: b.decode("latin-1"))
)
def test_nothing_but_a_refusal_comes_of_other_texts(shop: Shop, token: str) -> None:
    for client_id in (None, shop.id, ClientId("nobody"), ClientId("")):
        with pytest.raises(NotAuthenticated):
            shop.house.tokens.verify(token, client_id)


@ALL
@given(st.integers(0, 10_000), st.characters())
def test_no_change_of_a_token_is_let_through(shop: Shop, number: int, character: str) -> None:
    token = shop.token()
    place = number % len(token)
    if token[place] != character:
        with pytest.raises(NotAuthenticated):
            shop.house.tokens.verify(token[:place] + character + token[place + 1 :], shop.id)
