"""Rates and sizes as operators write them."""

import pytest

from notifyctl.benching.planning import amounts


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("500", 500), ("2k", 2000), ("0.5", 0.5), ("90/m", 1.5), (" 1.5K/s ", 1500), ("36/h", 0.01)],
)
def test_rate(text: str, per_second: float):
    assert amounts.rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "1/d", "2M", "1e3", "nan"])
def test_no_rate(text: str):
    with pytest.raises(ValueError, match=r"rate|more than"):
        amounts.rate(text)


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("200", 200), ("4k", 4096), ("1MiB", 1024**2), ("64m", 2**26)])
def test_size(text: str, size: int):
    assert amounts.size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5k", "1g", "65m", "big"])
def test_no_size(text: str):
    with pytest.raises(ValueError, match=r"size|more than"):
        amounts.size(text)
