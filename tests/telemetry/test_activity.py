from __future__ import annotations

import pytest

from notifyd.telemetry import activity
from notifyd.telemetry.activity import WINDOW_SECONDS, ChannelRates

NEWS, ORDERS = ("default", "news"), ("shop", "orders")


def counted(*moments: float) -> ChannelRates:
    rates = ChannelRates()
    for now in moments:
        rates.count(NEWS, now=now)
    return rates


def test_a_steady_channel_has_its_rate() -> None:
    rates = counted(*(100 + tenth / 10 for tenth in range(120)))
    assert rates.per_second(NEWS, now=112) == pytest.approx(10, abs=0.5)
    assert rates.per_second(ORDERS, now=112) == 0


def test_what_was_long_ago_is_forgotten() -> None:
    rates = counted(*[100.0] * 50)
    assert rates.per_second(NEWS, now=100.0) == 50 / WINDOW_SECONDS
    assert rates.per_second(NEWS, now=100.0 + 2 * WINDOW_SECONDS) == 0
    assert rates.busiest(5, now=100.0 + 2 * WINDOW_SECONDS) == []


def test_a_burst_fades() -> None:
    rates = counted(*[100.0] * 50)
    assert rates.per_second(NEWS, now=100.0 + WINDOW_SECONDS * 1.5) == pytest.approx(25 / WINDOW_SECONDS)


def test_the_busiest_come_first() -> None:
    rates = counted(100.0)
    for _ in range(3):
        rates.count(ORDERS, now=100.5)
    assert rates.busiest(5, now=101) == [ORDERS, NEWS]
    assert rates.busiest(1, now=101) == [ORDERS]


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "MOST_CHANNELS", 1)
    rates = counted(100.0, 100.0)
    rates.count(ORDERS, now=100.0)
    assert rates.busiest(5, now=100.0) == [NEWS]
