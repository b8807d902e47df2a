from __future__ import annotations

import pytest

from notifyd.errors import RateLimited
from notifyd.service.access import limits
from notifyd.service.access.limits import RateLimiter, secret_tries
from notifyd.telemetry.metrics import Counters


class Clock:
    """Monotonic seconds that the test owns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits, "monotonic", clock)
    return clock


def limiter(*, enabled: bool = True, burst: int = 2) -> RateLimiter:
    return RateLimiter(enabled=enabled, per_minute=60, burst=burst, counters=Counters())


def allowed(limiter: RateLimiter, subject: str) -> bool:
    allowance = limiter.take(subject)
    assert allowance is not None
    return allowance.allowed


def test_each_subject_has_a_bucket_of_its_own(clock: Clock) -> None:
    limited = limiter()
    assert [allowed(limited, "a") for _ in range(3)] == [True, True, False]
    assert allowed(limited, "b")


def test_it_fills_again_with_time(clock: Clock) -> None:
    limited = limiter()
    assert [allowed(limited, "a") for _ in range(3)] == [True, True, False]
    clock.now += 1
    assert [allowed(limited, "a") for _ in range(2)] == [True, False]


def test_a_refusal_says_when_to_come_back_and_is_counted(clock: Clock) -> None:
    counters = Counters()
    limited = RateLimiter(enabled=True, per_minute=60, burst=2, counters=counters)
    limited.check("a", 2)
    with pytest.raises(RateLimited, match=r"try again in 1\.0 s") as problem:
        limited.check("a")
    assert (problem.value.retry_after_seconds, counters.rate_limited) == (1.0, 1)


def test_switched_off_it_counts_nothing(clock: Clock) -> None:
    unlimited = limiter(enabled=False)
    assert [unlimited.take("a") for _ in range(9)] == [None] * 9
    unlimited.check("a", 100)


def test_other_limits_begin_with_full_buckets(clock: Clock) -> None:
    limited = limiter()
    limited.check("a", 2)
    limited.configure(enabled=True, per_minute=60, burst=3)
    assert [allowed(limited, "a") for _ in range(4)] == [True, True, True, False]


def test_buckets_are_bounded_and_full_ones_go_first(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BUCKETS", 3)
    limited = limiter()
    for subject in ("a", "b"):
        limited.take(subject)
    clock.now += 10
    limited.check("c", 2)
    assert allowed(limited, "d")
    assert not allowed(limited, "c")


def test_where_none_is_full_all_are_forgiven(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BUCKETS", 3)
    limited = limiter()
    for subject in ("a", "b", "c"):
        limited.check(subject, 2)
    assert allowed(limited, "d")
    assert allowed(limited, "a")


def test_what_stands_in_the_place_of_a_client_takes_little_room() -> None:
    assert secret_tries("shop", "192.0.2.1") == "shop/secret/192.0.2.1"
    assert len(secret_tries("x" * 1_000_000, "192.0.2.1")) < 100
