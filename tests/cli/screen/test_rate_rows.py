from __future__ import annotations

import pytest

from notifyctl.screen.rate_rows import rate_rows, said
from tests.cli.screen.looks import figures


def labels(most: int, **changes: object) -> list[str]:
    taken = figures(22)
    assert taken.last is not None
    taken.last.stats.update(changes)
    return [row.label for row in rate_rows(taken, taken.last, most)]


def test_with_room_all_that_matter_are_there_and_no_others() -> None:
    shown = labels(100)
    assert {"accepted", "deliveries", "errors", "rejected"} <= set(shown)
    assert not {"webhooks", "pushes", "expired", "inbox evictions"} & set(shown)


def test_what_is_rare_is_there_where_there_was_any() -> None:
    assert {"webhooks", "inbox evictions"} <= set(labels(100, webhooksDelivered=1, inboxEvicted=1))


def test_without_room_what_goes_wrong_just_now_stays() -> None:
    assert labels(3) == ["accepted", "deliveries", "errors"]
    assert labels(2) == ["accepted", "deliveries"]
    assert labels(0) == []


def test_a_row_tells_now_the_peak_and_all() -> None:
    taken = figures(22)
    assert taken.last is not None
    row = rate_rows(taken, taken.last, 1)[0]
    assert (row.now, row.peak, row.total, row.bad) == ("105", "105", "2.1k", False)


@pytest.mark.parametrize(
    ("rate", "shown"), [(0, "0"), (0.25, "0.2"), (4.0, "4"), (9.94, "9.9"), (9.97, "10"), (1234, "1.2k")]
)
def test_rates_as_people_read_them(rate: float, shown: str) -> None:
    assert said(rate) == shown
