from __future__ import annotations

import pytest

from notifyd.ingress.edge.origins import origin_allowed

ALLOWED = ("https://shop.example", "http://localhost:8080/")


@pytest.mark.parametrize("origin", [b"https://shop.example", b"HTTPS://Shop.Example", b"http://localhost:8080"])
def test_a_page_that_is_named_may_connect(origin: bytes) -> None:
    assert origin_allowed(origin, ALLOWED)


@pytest.mark.parametrize(
    "origin",
    [b"https://shop.example.evil", b"http://shop.example", b"https://shop.example:444", b"null", b"", b"\xff", b"*"],
)
def test_another_may_not(origin: bytes) -> None:
    assert not origin_allowed(origin, ALLOWED)


def test_who_is_no_page_may_always_connect() -> None:
    assert origin_allowed(None, ALLOWED)


def test_nothing_is_checked_where_nothing_is_named_or_any() -> None:
    assert origin_allowed(b"https://any.example", ())
    assert origin_allowed(b"https://any.example", ("https://shop.example", "*"))
