from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.notification import State
from notifyd.policy.pushing.answers import (
    QUOTA_PAUSE_SECONDS,
    TIMEOUT,
    UNREACHABLE,
    Action,
    PushDecision,
    RetryRules,
    SendResult,
    Verdict,
    backoff_seconds,
    decide,
    due_at,
    pause_seconds,
    verdict_of,
    wait_of,
)

#: 2027-01-15T08:00:00Z
NOW = 1_800_000_000_000
RULES = RetryRules(max_attempts=3, retry_seconds=1, retry_max_seconds=60, max_retry_after_seconds=100)
TAKEN = Verdict(Action.ACCEPTED)
GONE = Verdict(Action.GONE, "unregistered")
REFUSED = Verdict(Action.REFUSED, "sender_id_mismatch")
AGAIN = Verdict(Action.RETRY, "unavailable")


def verdict(status: int, code: str = "", message: str = "", retry_after: str = "") -> Verdict:
    return verdict_of(SendResult(status, code, message, retry_after), now=NOW)


def decided(
    *verdicts: Verdict, before: tuple[Verdict, ...] = (), attempts: int = 0, closed: float = 0.0
) -> PushDecision:
    return decide(verdicts, before, attempts=attempts, rules=RULES, closed_seconds=closed, chance=0.5)


@pytest.mark.parametrize(
    ("result", "action", "reason"),
    [
        (SendResult(200), Action.ACCEPTED, ""),
        (SendResult(404, "UNREGISTERED"), Action.GONE, "unregistered"),
        (SendResult(400, "INVALID_ARGUMENT", "The registration token is no valid one"), Action.GONE, "invalid_token"),
        (SendResult(400, "INVALID_ARGUMENT", "Invalid value message.token"), Action.GONE, "invalid_token"),
        (SendResult(400, "INVALID_ARGUMENT", "message is too big"), Action.REFUSED, "invalid_argument"),
        (SendResult(404, "NOT_FOUND"), Action.REFUSED, "not_found"),
        (SendResult(403, "SENDER_ID_MISMATCH"), Action.REFUSED, "sender_id_mismatch"),
        (SendResult(401, "THIRD_PARTY_AUTH_ERROR"), Action.REFUSED, "third_party_auth_error"),
        (SendResult(418), Action.REFUSED, "http_418"),
        (SendResult(500, "INTERNAL"), Action.RETRY, "internal"),
        (SendResult(502), Action.RETRY, "http_502"),
        (SendResult(503, "UNAVAILABLE"), Action.RETRY, "unavailable"),
        (SendResult(0, TIMEOUT), Action.RETRY, "timeout"),
        (SendResult(0, UNREACHABLE), Action.RETRY, "unreachable"),
    ],
)
def test_each_answer_has_a_meaning(result: SendResult, action: Action, reason: str) -> None:
    verdict = verdict_of(result, now=NOW)
    assert (verdict.action, verdict.reason) == (action, reason)


def test_a_quota_is_everybodys_and_lasts_a_minute_unless_it_says_otherwise() -> None:
    assert verdict(429, "QUOTA_EXCEEDED") == Verdict(
        Action.RETRY, "quota_exceeded", QUOTA_PAUSE_SECONDS, everybody=True
    )
    assert verdict(429, "QUOTA_EXCEEDED", retry_after="7").wait_seconds == 7


def test_the_quota_of_one_device_is_its_own_affair() -> None:
    assert not verdict(429, "QUOTA_EXCEEDED", "Device message rate exceeded").everybody


def test_an_outage_is_everybodys_where_it_says_for_how_long_or_nobody_answers() -> None:
    assert verdict(503, retry_after="30") == Verdict(Action.RETRY, "http_503", 30, everybody=True)
    assert not verdict(503).everybody
    assert verdict(0, UNREACHABLE).everybody
    assert not verdict(0, TIMEOUT).everybody


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 15 Jan 2027 08:01:30 GMT", 90),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("Fri, 99 Jan 2027 08:01:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert wait_of(header, now=NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_can_break_anything(header: str) -> None:
    seconds = wait_of(header, now=NOW)
    assert seconds is None or seconds >= 0


def test_backoff_doubles_up_to_its_bound_and_is_spread_from_zero() -> None:
    assert [backoff_seconds(attempts, RULES, chance=1) for attempts in (1, 2, 3, 7, 5000)] == [1, 2, 4, 60, 60]
    assert backoff_seconds(3, RULES, chance=0.25) == 1
    assert backoff_seconds(3, RULES, chance=0) == 0


def test_what_all_devices_took_is_done() -> None:
    assert decided(TAKEN, TAKEN) == PushDecision(None, State.DISPATCHED, accepted=2, failed=0, reason="")


def test_what_nobody_has_a_device_for_any_more_is_done_too() -> None:
    assert decided(GONE) == PushDecision(None, State.DISPATCHED, accepted=0, failed=1, reason="unregistered")
    assert decided() == PushDecision(None, State.DISPATCHED, accepted=0, failed=0, reason="")


def test_a_refusal_is_a_dead_letter_with_its_reason() -> None:
    assert decided(GONE, REFUSED) == PushDecision(None, State.DEAD, 0, 2, "sender_id_mismatch")


def test_what_one_device_took_is_no_dead_letter() -> None:
    assert decided(TAKEN, REFUSED) == PushDecision(None, State.DISPATCHED, 1, 1, "sender_id_mismatch")
    assert decided(REFUSED, before=(TAKEN,)).state is State.DISPATCHED


def test_it_is_tried_again_after_a_backoff() -> None:
    assert decided(TAKEN, AGAIN) == PushDecision(0.5, State.DISPATCHED, accepted=1, failed=0, reason="")
    assert decided(AGAIN, attempts=1).retry_seconds == 1


def test_a_wait_that_was_asked_for_comes_before_the_backoff_and_is_bounded() -> None:
    assert decided(AGAIN, Verdict(Action.RETRY, "quota_exceeded", 7)).retry_seconds == 7.5
    assert decided(Verdict(Action.RETRY, "quota_exceeded", 1e9)).retry_seconds == 100.5


def test_nobody_comes_back_before_the_provider_does() -> None:
    assert decided(AGAIN, closed=20).retry_seconds == 20.5
    assert decided(Verdict(Action.RETRY, "quota_exceeded", 30), closed=20).retry_seconds == 30.5


def test_the_last_try_is_a_dead_letter_with_the_reason() -> None:
    assert decided(AGAIN, attempts=2) == PushDecision(None, State.DEAD, 0, 1, "unavailable")
    assert decided(AGAIN, before=(TAKEN,), attempts=2) == PushDecision(None, State.DISPATCHED, 0, 1, "unavailable")


def test_a_refusal_of_a_try_before_counts_at_the_end_and_is_told_once() -> None:
    assert decided(GONE, before=(REFUSED,)) == PushDecision(None, State.DEAD, 0, 1, "sender_id_mismatch")
    assert decided(AGAIN, before=(REFUSED,)).failed == 0


def test_the_provider_is_left_alone_for_the_longest_wait_within_bounds() -> None:
    long, longer = (Verdict(Action.RETRY, "x", seconds, everybody=True) for seconds in (7, 1e9))
    assert pause_seconds([TAKEN, AGAIN, long], RULES) == 7
    assert pause_seconds([long, longer], RULES) == 100
    assert pause_seconds([Verdict(Action.RETRY, UNREACHABLE, everybody=True)], RULES) == 0
    assert pause_seconds([TAKEN, AGAIN, GONE, REFUSED], RULES) is None


def test_the_next_try_is_not_after_the_expiry() -> None:
    assert due_at(1.0001, now=NOW, expires_at=NOW + 5000) == NOW + 1001
    assert due_at(100, now=NOW, expires_at=NOW + 5000) == NOW + 5000
