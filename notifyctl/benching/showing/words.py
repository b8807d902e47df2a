"""Figures as people read them. Pure."""

from __future__ import annotations


def brief(length_seconds: float) -> str:
    """A latency with three digits: `850 µs`, `4.25 ms`, `1.2 s`."""
    for scale, unit in ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s")):
        value = length_seconds / scale
        if value < 999.5 or unit == "s":
            digits = 0 if value >= 99.5 or unit == "µs" else 1 if value >= 9.95 else 2
            return f"{value:.{digits}f} {unit}"
    raise AssertionError("the last unit takes every length")


def share(part: float) -> str:
    """*part* of one as per cent: `12 %`, `0.34 %`."""
    percent = part * 100
    digits = 0 if percent >= 9.95 or percent == 0 else 1 if percent >= 0.95 else 2
    return f"{percent:.{digits}f} %"


def count(number: float) -> str:
    """*number* in full, its thousands apart."""
    return f"{number:,.0f}"


def per_second(number: float) -> str:
    """A rate: `49,980/s`, `4.5/s`."""
    return f"{number:,.1f}/s" if number < 100 else f"{number:,.0f}/s"
