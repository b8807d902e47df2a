"""Sessions of the web console: sealed under one token, good for a while."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifyd.policy.access.console_sessions import (
    MAX_SEALED_LENGTH,
    ConsoleRules,
    ConsoleSession,
    SessionSeal,
    new_session,
)

SEAL = SessionSeal("the admin token")
RULES = ConsoleRules(idle_ms=1000, max_ms=5000)
SESSION = ConsoleSession("id", "csrf", 10_000, 10_000)


def test_a_sealed_session_opens_under_the_same_token_alone() -> None:
    sealed = SEAL.seal(SESSION)
    assert SessionSeal("the admin token").open(sealed) == SESSION
    assert SessionSeal("a new admin token").open(sealed) is None


def test_no_two_are_the_same_and_none_tells_anything() -> None:
    sealed = SEAL.seal(SESSION)
    assert sealed != SEAL.seal(SESSION)
    assert b"csrf" not in base64.urlsafe_b64decode(sealed + "==")


def test_it_fits_into_a_cookie() -> None:
    sealed = SEAL.seal(new_session(10**14))
    assert len(sealed) < MAX_SEALED_LENGTH
    assert sealed.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=600) | st.from_regex(r"[A-Za-z0-9_-]{0,600}", fullmatch=True))
def test_no_other_text_opens(text: str) -> None:
    assert SEAL.open(text) is None


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_changed_one_does_not_open(at: int) -> None:
    sealed = SEAL.seal(SESSION)
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    assert SEAL.open(changed) is None


def test_new_sessions_share_nothing() -> None:
    one, other = new_session(1), new_session(1)
    assert len({one.id, one.csrf, other.id, other.csrf}) == 4
    assert len(base64.urlsafe_b64decode(one.id + "==")) == 32


def test_it_ends_when_it_is_not_used() -> None:
    assert SESSION.alive(RULES, 10_999)
    assert not SESSION.alive(RULES, 11_000)


def test_it_ends_although_it_is_used() -> None:
    used = replace(SESSION, seen_at=14_900)
    assert (used.ends_at(RULES), used.last_at(RULES)) == (15_000, 15_000)
    assert used.alive(RULES, 14_999)
    assert not used.alive(RULES, 15_000)


def test_one_of_the_future_is_not_good() -> None:
    assert SESSION.alive(RULES, 9_500), "clocks of several daemons differ a little"
    assert not SESSION.alive(RULES, 8_999)


def test_it_is_sealed_anew_now_and_then() -> None:
    assert SESSION.renewed(RULES, 10_099) is None
    assert SESSION.renewed(RULES, 10_100) == replace(SESSION, seen_at=10_100)
