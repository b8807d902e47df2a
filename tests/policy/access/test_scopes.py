from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid
from notifyd.model.principal import ALL_GRANTS, Grants
from notifyd.policy.access.scopes import DEFAULT_SCOPES, matches, parse_scopes

PATTERNS = st.text(alphabet="ab.*", min_size=1, max_size=10)
CHANNELS = st.text(alphabet="ab.*\n", max_size=10)


def naive(pattern: str, channel: str) -> bool:
    """What * means, by the book."""
    if not pattern:
        return not channel
    if pattern[0] == "*":
        return any(naive(pattern[1:], channel[start:]) for start in range(len(channel) + 1))
    return channel[:1] == pattern[0] and naive(pattern[1:], channel[1:])


def test_scopes_become_grants() -> None:
    assert parse_scopes(["publish:a.*", "publish:b", "subscribe:*", "broadcast"]) == Grants(
        publish=("a.*", "b"), subscribe=("*",), broadcast=True
    )
    assert parse_scopes(["users"]) == Grants(users=True)


def test_a_pattern_may_hold_colons() -> None:
    assert parse_scopes(["publish:a:b"]).publish == ("a:b",)


def test_the_default_allows_everything_and_nothing_nothing() -> None:
    assert parse_scopes(DEFAULT_SCOPES) == ALL_GRANTS
    assert parse_scopes([]) == Grants()


@pytest.mark.parametrize(
    "scope", ["", "publish", "publish:", "broadcast:x", "users:x", "admin", "Publish:a", "listen:*"]
)
def test_an_unknown_scope_is_named(scope: str) -> None:
    with pytest.raises(Invalid, match=r"is not known: use publish:PATTERN") as refused:
        parse_scopes(["broadcast", scope])
    assert refused.value.code == "invalid_scope"
    assert repr(scope) in refused.value.message


@given(st.lists(PATTERNS, max_size=3), CHANNELS)
def test_matching_is_what_the_naive_model_says(patterns: list[str], channel: str) -> None:
    assert matches(tuple(patterns), channel) == any(naive(pattern, channel) for pattern in patterns)


@pytest.mark.parametrize("pattern", ["a.b", "a[bc]", "a?", "(a)", "a|b", "^a$", "\\d"])
def test_only_the_star_is_special(pattern: str) -> None:
    assert matches((pattern,), pattern)
    assert matches((f"{pattern}*",), pattern + "x")
    assert not matches((pattern, f"{pattern}*"), "ab")


def test_a_pattern_with_many_stars_is_decided_at_once() -> None:
    started = time.process_time()
    assert not matches(("*a" * 40 + "*b",), "a" * 200)
    assert time.process_time() - started < 1
