from __future__ import annotations

import pytest

from notifyd.model.notification import State
from notifyd.policy.webhooks.answers import TIMEOUT, UNREACHABLE, WebhookAnswer, WebhookDecision, WebhookRules, decide

RULES = WebhookRules(max_attempts=3, retry_seconds=2, retry_max_seconds=60, batch_size=16, timeout_seconds=10)


def decided(answer: WebhookAnswer, attempts: int = 0, chance: float = 1.0) -> WebhookDecision:
    return decide(answer, attempts=attempts, rules=RULES, now=0, chance=chance)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_the_end_of_it(status: int) -> None:
    assert decided(WebhookAnswer(status)) == WebhookDecision(State.DISPATCHED)


def test_gone_is_a_dead_letter_at_once() -> None:
    assert decided(WebhookAnswer(410)).state is State.DEAD


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 408, 422, 429, 500, 501, 502, 503, 504])
def test_everything_else_is_tried_again(status: int) -> None:
    assert decided(WebhookAnswer(status)) == WebhookDecision(None, 2.0)


def test_waits_double_up_to_a_bound_with_full_jitter() -> None:
    rules = WebhookRules(max_attempts=99, retry_seconds=2, retry_max_seconds=60, batch_size=1, timeout_seconds=1)
    waits = [
        decide(WebhookAnswer(500), attempts=tries, rules=rules, now=0, chance=1).retry_seconds for tries in range(7)
    ]
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert decided(WebhookAnswer(500), chance=0.25).retry_seconds == 0.5


def test_the_last_try_is_the_last() -> None:
    assert decided(WebhookAnswer(500), attempts=1).state is None
    assert decided(WebhookAnswer(500), attempts=2).state is State.DEAD


def test_who_asks_for_time_gets_it_and_a_little_more() -> None:
    assert decided(WebhookAnswer(408, retry_after="30")) == WebhookDecision(None, 32.0)
    assert decided(WebhookAnswer(500, retry_after="Thu, 01 Jan 1970 00:00:10 GMT")) == WebhookDecision(None, 12.0)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_who_is_overloaded_is_left_alone_by_all(status: int) -> None:
    assert decided(WebhookAnswer(status, retry_after="30")) == WebhookDecision(None, 32.0, 30.0)
    assert decided(WebhookAnswer(status, retry_after="30"), attempts=2) == WebhookDecision(State.DEAD, 0.0, 30.0)


def test_what_is_asked_for_is_bounded() -> None:
    assert decided(WebhookAnswer(503, retry_after="86400")) == WebhookDecision(None, 62.0, 60.0)


def test_who_cannot_be_reached_is_left_alone_by_all() -> None:
    assert decided(WebhookAnswer(0, UNREACHABLE)) == WebhookDecision(None, 2.0, 0.0)


def test_who_is_late_with_one_may_be_in_time_with_the_next() -> None:
    assert decided(WebhookAnswer(0, TIMEOUT)) == WebhookDecision(None, 2.0)


@pytest.mark.parametrize(
    ("answer", "reason", "sentence"),
    [
        (WebhookAnswer(204), "", ""),
        (WebhookAnswer(503), "http_503", "the endpoint answered with HTTP status 503"),
        (WebhookAnswer(0, UNREACHABLE), "unreachable", "the endpoint could not be reached"),
        (WebhookAnswer(0, TIMEOUT), "timeout", "the endpoint did not answer in time"),
        (WebhookAnswer(0, "connection_lost"), "connection_lost", "the call failed: connection lost"),
    ],
)
def test_how_it_failed_is_told(answer: WebhookAnswer, reason: str, sentence: str) -> None:
    assert (answer.reason, answer.sentence) == (reason, sentence)
