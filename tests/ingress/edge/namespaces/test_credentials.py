"""Where credentials are found, and who is given what it takes to recover."""

from __future__ import annotations

from typing import Any

import pytest

from notifyd.errors import Invalid
from notifyd.ingress.edge.namespaces.credentials import read_credentials
from tests.ingress.edge.namespaces.house import handshake


def test_auth_counts_before_the_query_and_both_before_the_cookie() -> None:
    request = handshake(query="token=query&fcmToken=f", cookie="c=cookie")
    found = read_credentials({"token": "auth"}, request, "c")
    assert (found.token, found.fcm_token, found.from_cookie) == ("auth", "f", False)
    assert read_credentials({}, request, "c").token == "query"
    found = read_credentials(None, handshake(cookie="x=1; c=cookie; c=second"), "c")
    assert (found.token, found.from_cookie) == ("cookie", True)


@pytest.mark.parametrize("header", ["", ";;;", "c", "=c", "cc=1", "C=1", "c =", "x=c=1"])
def test_these_cookies_hold_no_token(header: str) -> None:
    assert read_credentials(None, handshake(cookie=header), "c").token == ""


def test_what_recovers_is_brought_in_auth_alone() -> None:
    found = read_credentials({"pid": "p"}, handshake(query="pid=other&offset=o"), "")
    assert (found.pid, found.offset) == ("p", "")


@pytest.mark.parametrize(
    ("query", "auth", "recovers"),
    [
        ("EIO=4&transport=websocket", {}, True),
        ("EIO=4&transport=polling&t=1", {}, True),
        ("transport=websocket&EIO=4&t=1", {}, False),
        ("token=x&transport=polling&EIO=4", {}, False),
        ("transport=websocket&EIO=4", {"recovery": True}, True),
        ("EIO=4&transport=websocket", {"recovery": False}, False),
        ("EIO=4&transport=websocket&recovery=false", {}, False),
        ("EIO=4&transport=websocket&recovery=0", {"recovery": "yes"}, True),
    ],
)
def test_who_recovers(query: str, auth: dict[str, Any], recovers: bool) -> None:
    assert read_credentials(auth, handshake(query=query), "").recovers is recovers


@pytest.mark.parametrize(
    ("agent", "auth", "recovers"),
    [
        ("Dart/3.5 (dart:io)", {}, False),
        ("Dart/3.5 (dart:io)", {"recovery": True}, True),
        ("Mozilla/5.0 Dart/3.5", {}, True),
        ("", {}, True),
    ],
)
def test_dart_recovers_only_where_it_says_so(agent: str, auth: dict[str, Any], recovers: bool) -> None:
    assert read_credentials(auth, handshake(user_agent=agent), "").recovers is recovers


@pytest.mark.parametrize("name", ["clientId", "token", "fcmToken", "pid", "offset"])
@pytest.mark.parametrize("value", [1, True, [], ["x"], {"a": 1}, 0.5])
def test_what_is_no_text_is_refused(name: str, value: object) -> None:
    with pytest.raises(Invalid, match=name):
        read_credentials({name: value}, handshake(), "")


def test_nothing_that_is_shown_of_them_is_secret() -> None:
    assert repr(read_credentials({"token": "secret", "clientId": "shop"}, handshake(), "")) == "Credentials('shop')"


@pytest.mark.parametrize("wish", ["many", -1, "1.5", [], float("inf")])
def test_how_many_may_be_open_is_a_count(wish: object) -> None:
    with pytest.raises(Invalid, match="maxUnacked"):
        read_credentials({"maxUnacked": wish}, handshake(), "")


@pytest.mark.parametrize(("query", "auth", "count"), [("", {"maxUnacked": 3}, 3), ("maxUnacked=2", {}, 2), ("", {}, 0)])
def test_how_many_may_be_open(query: str, auth: dict[str, Any], count: int) -> None:
    assert read_credentials(auth, handshake(query=query), "").max_unacked == count
