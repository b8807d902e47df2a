"""What is read out of a caller's metadata, whatever it sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid, NotAuthenticated, NotifydError
from notifyd.ingress.rpc.public.credentials import Caller, address_of, read_caller

PEER = "ipv4:127.0.0.1:5"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ((), {}),
        ((("authorization", "Bearer abc"),), {"bearer": "abc"}),
        ((("authorization", "  bEaReR   abc  "),), {"bearer": "abc"}),
        ((("x-api-key", " k "),), {"api_key": "k"}),
        ((("x-client-secret", "s"), ("user-agent", "x")), {"client_secret": "s"}),
        ((("x-api-key", b"k\xff"),), {"api_key": "kÿ"}),
        # somebody's variable that is not set
        ((("authorization", "Bearer "), ("x-api-key", ""), ("x-client-secret", " ")), {}),
        ((("authorization", ""),), {}),
        ((("x-api-key-bin", b"k"), ("authorization-bin", b"Bearer x")), {}),
    ],
)
def test_a_credential_is_found(metadata: tuple[tuple[str, str | bytes], ...], expected: dict[str, str]) -> None:
    assert read_caller(metadata, PEER) == Caller("127.0.0.1", **expected)


@pytest.mark.parametrize(
    "metadata",
    [
        (("x-api-key", "a"), ("x-api-key", "a")),
        (("authorization", "Bearer a"), ("authorization", "Bearer b")),
        (("authorization", "Bearer a"), ("x-api-key", "k")),
        (("x-client-secret", "a"), ("x-api-key", "k")),
    ],
)
def test_several_credentials_are_refused(metadata: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Invalid) as problem:
        read_caller(metadata, PEER)
    assert problem.value.code == "several_credentials"


@pytest.mark.parametrize("value", ["Basic abc", "abc", "Bearerabc"])
def test_authorization_of_another_kind_is_refused(value: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_caller((("authorization", value),), PEER)


@pytest.mark.parametrize(
    ("peer", "address", "local"),
    [
        ("ipv4:127.0.0.1:5", "127.0.0.1", True),
        ("ipv4:127.9.9.9:5", "127.9.9.9", True),
        ("ipv4:192.0.2.7:5", "192.0.2.7", False),
        ("ipv6:%5B::1%5D:5", "::1", True),
        ("ipv6:[::ffff:127.0.0.1]:5", "127.0.0.1", True),
        ("ipv6:%5Bfe80::1%25eth0%5D:5", "fe80::1", False),
        ("unix:", "", False),
        ("ipv4:nonsense", "", False),
        ("", "", False),
    ],
)
def test_the_address_of_a_peer(peer: str, address: str, local: bool) -> None:
    assert address_of(peer) == address
    assert Caller(address).local is local


@pytest.mark.parametrize("name", ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-anything"])
def test_what_a_proxy_passes_on_is_not_local(name: str) -> None:
    assert not read_caller(((name, "1.2.3.4"),), PEER).local


def test_a_caller_does_not_show_its_credential() -> None:
    assert "swordfish" not in repr(Caller("127.0.0.1", bearer="swordfish", api_key="swordfish"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("authorization", "x-api-key", "x-client-secret", "x-forwarded-for", "other")),
            st.one_of(st.text(), st.binary(), st.text().map("Bearer {}".format)),
        ),
        max_size=4,
    ),
    st.text(),
)
def test_whatever_is_sent_gives_a_caller_or_a_refusal(metadata: list[tuple[str, str | bytes]], peer: str) -> None:
    try:
        caller = read_caller(metadata, peer)
    except NotifydError:
        return
    assert sum(map(bool, (caller.bearer, caller.api_key, caller.client_secret))) <= 1
