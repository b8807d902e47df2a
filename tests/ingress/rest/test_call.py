from __future__ import annotations

import pytest

from notifyd.errors import Invalid
from notifyd.ingress.edge.rest.call import DEFAULT_LIMIT
from tests.ingress.rest.calls import call_of


@pytest.mark.parametrize(("query", "limit"), [("", DEFAULT_LIMIT), ("limit=1", 1), ("limit=1000", 1000)])
def test_a_limit_that_is_one(query: str, limit: int) -> None:
    assert call_of(query).limit() == limit


@pytest.mark.parametrize("text", ["0", "1001", "-1", "x", "", "1e2", "%D9%A3", "9" * 5000])
def test_a_limit_that_is_none(text: str) -> None:
    with pytest.raises(Invalid, match="limit must be a number from 1 to 1000"):
        call_of(f"limit={text}").limit()


@pytest.mark.parametrize(
    ("text", "instant"),
    [("1970-01-01T00:00:01Z", 1000), ("1970-01-01T01:00:00.5%2B01:00", 500), ("1970-01-01T00:00:00-00:30", 1_800_000)],
)
def test_an_instant_that_is_one(text: str, instant: int) -> None:
    assert call_of(f"at={text}").query_instant("at") == instant
    assert call_of().query_instant("at") is None


@pytest.mark.parametrize("text", ["", "now", "1000", "2026-01-30", "2026-01-30T12:00:00", "2026-13-30T12:00:00Z"])
def test_an_instant_that_is_none(text: str) -> None:
    with pytest.raises(Invalid, match="at must be an instant"):
        call_of(f"at={text}").query_instant("at")


@pytest.mark.parametrize("query", ["a=%FF", "&".join(f"a{n}=1" for n in range(60))])
def test_a_query_that_cannot_be_read(query: str) -> None:
    with pytest.raises(Invalid, match="malformed"):
        call_of(query).query("a")


def test_nobody_is_let_in_without_a_credential() -> None:
    with pytest.raises(AssertionError):
        _ = call_of().who
