from __future__ import annotations

import pytest

from notifyctl.screen.layout import Needs, Place, allotted, planned

NEEDS = {
    "rates": Needs(4, 15),
    "queue": Needs(2, 13),
    "errors": Needs(1, 20),
    "slow": Needs(1, 5),
    "connections": Needs(1, 5),
    "nodes": Needs(3, 5),
    "channels": Needs(2, 12),
    "kept": Needs(6, 6),
}


def test_without_room_for_all_the_more_important_ones_stay() -> None:
    assert allotted(("queue", "rates"), 5, NEEDS) == (Place("rates", 5),)
    assert allotted(("queue", "rates"), 1, NEEDS) == ()


def test_they_stand_in_their_order_and_share_what_is_left() -> None:
    assert allotted(("queue", "rates"), 10, NEEDS) == (Place("queue", 4), Place("rates", 6))


def test_with_room_an_empty_line_stands_between_them() -> None:
    assert allotted(("slow", "connections"), 30, NEEDS) == (Place("slow", 5, gap=1), Place("connections", 5))


@pytest.mark.parametrize("width", [20, 40, 99, 100, 169, 170, 300])
@pytest.mark.parametrize("height", [0, 1, 5, 11, 20, 40, 80])
def test_a_plan_fills_the_screen_and_no_more(width: int, height: int) -> None:
    plan = planned(width, height, NEEDS)
    assert sum(column.width for column in plan.columns) + 3 * (len(plan.columns) - 1) == width
    for column in plan.columns:
        assert sum(place.height + place.gap for place in column.places) <= plan.height
    assert plan.height + sum(place.height for place in plan.bottom.places) == height


def test_wide_screens_have_columns() -> None:
    assert [len(planned(width, 40, NEEDS).columns) for width in (99, 100, 170)] == [1, 2, 3]


def test_the_log_has_what_the_columns_leave() -> None:
    plan = planned(200, 80, NEEDS)
    assert plan.height < 40
    assert plan.bottom.places[0].height == 80 - plan.height
