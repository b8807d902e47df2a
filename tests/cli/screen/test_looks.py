from __future__ import annotations

from notifyctl.screen.looks import MOST_MOMENTS, Figures
from tests.cli.screen.looks import at, look, node, stats


def taken(*snapshots: dict[str, object]) -> Figures:
    figures = Figures()
    for snapshot in snapshots:
        figures.take(look(stats=stats(**snapshot)))
    return figures


def test_rates_are_differences_over_the_daemons_own_time() -> None:
    figures = taken({"cpu_seconds": 1.0}, {"uptime_seconds": 12.0, "accepted": 300, "cpu_seconds": 2.0})
    assert figures.rates["accepted"][-1] == 100.0
    assert (figures.cpu, figures.seconds) == (0.5, 2.0)


def test_sums_over_other_nodes_than_before_give_no_rates() -> None:
    figures = taken({"nodes": 1, "missing_nodes": 1}, {"nodes": 2, "uptime_seconds": 12.0, "accepted": 90_000})
    assert "accepted" not in figures.rates
    assert figures.cpu is None
    figures.take(look(stats=stats(nodes=2, uptime_seconds=14.0, accepted=90_010)))
    assert list(figures.rates["accepted"]) == [5.0]


def test_a_restarted_daemon_begins_anew() -> None:
    figures = taken({}, {"uptime_seconds": 1.0, "accepted": 3})
    assert "accepted" not in figures.rates


def test_what_is_remembered_is_bounded() -> None:
    assert taken({}, {"uptime_seconds": 11.0}).rates["accepted"].maxlen == MOST_MOMENTS


def test_a_node_has_rates_between_what_it_told() -> None:
    figures = Figures()
    for seconds, accepted in ((0, 0), (0, 0), (2, 100), (2, 100), (4, 300), (6, 300)):
        figures.take(look(nodes=[node("a", at=at(seconds), accepted=accepted)]))
    (found,) = figures.nodes()
    # over the last seconds, not since the beginning
    assert found["acceptedPerSecond"] == 50.0


def test_a_node_that_came_just_now_has_none_and_one_that_went_is_not_told_of() -> None:
    figures = Figures()
    figures.take(look(nodes=[node("a")]))
    figures.take(look(nodes=[node("b")]))
    assert [(found["name"], found["acceptedPerSecond"]) for found in figures.nodes()] == [("b", None)]
