"""As many publications as one answer holds."""

from __future__ import annotations

import pytest

from notifyd.ingress.edge.rest import rows
from notifyd.ingress.edge.rest.rows import first_rows, newest_rows
from notifyd.model.publication import Publication
from notifyd.wire.publication import publication_json
from tests.store.samples import notification

KEPT = [Publication(notification(data=b"%d" % number), "e", number) for number in range(1, 6)]
ROWS = [publication_json(publication) for publication in KEPT]


@pytest.fixture
def room_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ANSWER_BYTES", len(ROWS[0]) * 2)


def test_all_that_fit_are_given() -> None:
    assert first_rows(KEPT) == ROWS
    assert newest_rows(KEPT, 2) == ROWS[-2:]
    assert newest_rows([], 2) == []


@pytest.mark.usefixtures("room_for_two")
def test_what_does_not_fit_is_left_for_the_next_request() -> None:
    assert first_rows(KEPT) == ROWS[:2]
    assert newest_rows(KEPT, 5) == ROWS[-2:]


def test_one_is_given_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ANSWER_BYTES", 1)
    assert (first_rows(KEPT), newest_rows(KEPT, 5)) == (ROWS[:1], ROWS[-1:])
