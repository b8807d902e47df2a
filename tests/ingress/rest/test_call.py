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


@pytest.mark.parametrize("query", ["a=%FF", "&".join(f"a{n}=1" for n in range(60))])
def test_a_query_that_cannot_be_read(query: str) -> None:
    with pytest.raises(Invalid, match="malformed"):
        call_of(query).query("a")


def test_nobody_is_let_in_without_a_credential() -> None:
    with pytest.raises(AssertionError):
        _ = call_of().who
