"""Whose address counts when proxies stand between."""

from __future__ import annotations

import pytest

from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.http.request import Peer, Request


def address(peer: str, *forwarded: str, trusted: tuple[str, ...] = ("10.0.0.0/8", "::1/128")) -> str:
    headers = tuple((b"x-forwarded-for", value.encode()) for value in forwarded)
    request = Request("GET", b"/", "/", b"/", b"", "1.1", headers, b"", Peer(peer, 1))
    return TrustedProxies(trusted).client_address(request)


def test_nobody_is_believed_unless_trusted() -> None:
    assert address("10.0.0.1", "1.2.3.4", trusted=()) == "10.0.0.1"
    assert address("192.0.2.1", "1.2.3.4") == "192.0.2.1"


def test_a_trusted_proxy_is_believed() -> None:
    assert address("10.0.0.1", "1.2.3.4") == "1.2.3.4"
    assert address("::1", "2001:db8::7") == "2001:db8::7"


def test_the_nearest_untrusted_hop_counts_and_what_it_claims_does_not() -> None:
    assert address("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.9") == "1.2.3.4"


def test_several_headers_are_one_list() -> None:
    assert address("10.0.0.1", "6.6.6.6, 1.2.3.4", "10.0.0.9") == "1.2.3.4"


def test_proxies_all_the_way() -> None:
    assert address("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"


def test_a_proxy_that_says_nothing_stands_for_itself() -> None:
    assert address("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize("nonsense", ["unknown", "", "1.2.3", "1.2.3.4:5:6x"])
def test_nonsense_ends_the_search_at_who_said_it(nonsense: str) -> None:
    assert address("10.0.0.1", f"1.2.3.4, {nonsense}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.2.3.4:5678", "1.2.3.4"),
        ("[2001:db8::7]:5678", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_come_in_many_forms(written: str, meant: str) -> None:
    assert address("10.0.0.1", written) == meant


def test_a_single_address_is_a_network() -> None:
    assert address("192.0.2.1", "1.2.3.4", trusted=("192.0.2.1",)) == "1.2.3.4"


def asked(peer: str, **headers: str) -> tuple[bool, bytes]:
    pairs = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    request = Request("GET", b"/", "/", b"/", b"", "1.1", pairs, b"", Peer(peer, 1))
    proxies = TrustedProxies(("10.0.0.0/8",))
    return proxies.secure(request), proxies.host(request)


def test_a_trusted_proxy_tells_how_and_where_it_was_asked() -> None:
    told = {"x_forwarded_proto": "http, https", "x_forwarded_host": "evil.example, app.example"}
    assert asked("10.0.0.1", host="inside:3000", **told) == (True, b"app.example")
    assert asked("192.0.2.1", host="inside:3000", **told) == (False, b"inside:3000")
    assert asked("10.0.0.1", host="inside:3000") == (False, b"inside:3000")


def test_tls_is_seen_without_a_word() -> None:
    request = Request("GET", b"/", "/", b"/", b"", "1.1", (), b"", Peer("10.0.0.1", 1), secure=True)
    assert TrustedProxies(("10.0.0.0/8",)).secure(request)
    assert TrustedProxies(()).secure(request)
