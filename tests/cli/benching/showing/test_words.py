"""Figures as people read them."""

import pytest

from notifyctl.benching.showing.words import brief, count, per_second, share


@pytest.mark.parametrize(
    ("length_seconds", "said"),
    [
        (0, "0 µs"), (0.0000015, "2 µs"), (0.0009994, "999 µs"), (0.0009996, "1.00 ms"), (0.00425, "4.25 ms"),
        (0.0425, "42.5 ms"), (0.425, "425 ms"), (0.9996, "1.00 s"), (4.2, "4.20 s"), (61, "61.0 s"), (3600, "3600 s"),
    ],
)  # fmt: skip
def test_brief(length_seconds: float, said: str):
    assert brief(length_seconds) == said


@pytest.mark.parametrize(("part", "said"), [(0, "0 %"), (0.00123, "0.12 %"), (0.0123, "1.2 %"), (0.5, "50 %")])
def test_share(part: float, said: str):
    assert share(part) == said


def test_counts_and_rates():
    assert count(1234567) == "1,234,567"
    assert (per_second(4.55), per_second(49_980.4)) == ("4.5/s", "49,980/s")
