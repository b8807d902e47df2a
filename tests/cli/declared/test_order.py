"""Where declared tables stand among those that are there."""

from __future__ import annotations

import pytest

from notifyctl.declared.items import Item
from notifyctl.declared.order import merged, moves


def rules(names: str) -> list[Item]:
    return [Item("channels", (name,), {}) for name in names]


def names(items: list[Item]) -> str:
    return "".join(item.name for item in items)


@pytest.mark.parametrize(
    ("wanted", "there", "final"),
    [
        ("ab", "", "ab"),
        ("", "xy", "xy"),
        ("ab", "ab", "ab"),
        ("ab", "xaybz", "xaybz"),
        ("ba", "xaybz", "xbyaz"),
        ("abc", "xay", "xabcy"),
        ("nab", "xaybz", "xnaybz"),
        ("n", "xy", "xyn"),
        ("nm", "xy", "xynm"),
        ("anb", "bxa", "anxb"),
    ],
)
def test_what_is_not_declared_keeps_its_place(wanted: str, there: str, final: str) -> None:
    assert names(merged(rules(wanted), rules(there), keep=True)) == final


def test_a_second_time_nothing_moves() -> None:
    once = merged(rules("nbam"), rules("xaybz"), keep=True)
    assert names(merged(rules("nbam"), once, keep=True)) == names(once)


def test_without_the_others_the_declared_order_is_all() -> None:
    assert names(merged(rules("ban"), rules("xaybz"), keep=False)) == "ban"


def test_moves_tell_places_among_those_that_stay() -> None:
    told = {item.name: fields["position"] for item, fields in moves(rules("ayb"), rules("nbay"))}
    assert told == {"b": (3, 1), "a": (1, 2), "y": (2, 3)}
    assert list(moves(rules("ab"), rules("xanb"))) == []
