"""What is delivered for Prometheus and Grafana, against what a daemon exposes and the command line takes."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from notifyd.telemetry.prometheus import TIMED
from tests.cli.leaves import options, path_of
from tests.deploy.monitoring import DASHBOARDS, RULES, SCRAPE, alerts, families, filled_in, metrics_in, panels, queries
from tests.docs.pages import page, section

if TYPE_CHECKING:
    from pathlib import Path

    import trio

ALERTS = alerts()
#: Given by Prometheus to whatever it scrapes.
TARGET_LABELS = {"job", "instance"}

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)


async def test_every_metric_and_label_in_them_is_exposed(tmp_path: Path, nursery: trio.Nursery) -> None:
    exposed = await families(tmp_path, nursery)
    asked = [alert["expr"] for alert in ALERTS] + [query for each in DASHBOARDS for query in queries(each)]
    assert {name for query in asked for name in metrics_in(query)} <= set(exposed)
    for query in map(filled_in, asked):
        for name, matchers in re.findall(r"\b(\w+)\{([^}]*)\}", query):
            family = name if name in exposed else re.sub(r"_(bucket|sum|count)$", "", name)
            assert set(re.findall(r"(\w+)(?:=|!=)", matchers)) <= exposed[family] | TARGET_LABELS, query


async def test_the_manual_names_what_is_exposed_and_every_histogram(tmp_path: Path, nursery: trio.Nursery) -> None:
    exposed = await families(tmp_path, nursery)
    told = set(re.findall(r"notifyd_\w+", section(page("notifyd.8"), "MONITORING")))
    assert told <= set(exposed)
    assert {f"notifyd_{name}" for name, _ in TIMED.values()} <= told


def test_the_names_in_a_query_are_found() -> None:
    query = 'sum by (le, up) (rate(notifyd_ack_seconds_bucket{x="process_a"}[5m])) / notifyd_acks_total > up'
    assert metrics_in(query) == {"notifyd_ack_seconds", "notifyd_acks_total", "up"}


def test_no_two_alerts_have_one_name() -> None:
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS)


@each_alert
def test_an_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("warning", "critical")
    assert "{{ $labels." in alert["annotations"]["summary"]
    assert len(alert["annotations"]["runbook"].split()) > 10


@each_alert
def test_the_command_line_takes_the_commands_of_a_runbook(alert: dict[str, Any]) -> None:
    for command in re.findall(r"notifyctl ([a-z][^,.;:()>]*)", alert["annotations"]["runbook"]):
        words = command.split()
        path = path_of(words)
        assert path, command
        known = {name for option in options(path) for name in option.opts}
        assert {word for word in words if word.startswith("-")} <= known, command


@each_dashboard
def test_a_dashboard_can_be_imported(dashboard: Path) -> None:
    told = json.loads(dashboard.read_text())
    ids = [panel["id"] for panel in told["panels"]]
    assert len(set(ids)) == len(ids)
    assert "id" not in told
    assert [each["name"] for each in told["templating"]["list"]] == ["datasource", "instance"]
    for panel in panels(dashboard):
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["type"] == "heatmap" or panel["fieldConfig"]["defaults"]["unit"]
        assert [target["refId"] for target in panel["targets"]] == sorted({each["refId"] for each in panel["targets"]})


@each_dashboard
def test_no_two_panels_lie_on_each_other(dashboard: Path) -> None:
    places = [panel["gridPos"] for panel in json.loads(dashboard.read_text())["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above


def test_the_scrape_names_the_job_that_the_rules_expect() -> None:
    scrape = SCRAPE.read_text()
    assert "job_name: notifyd\n" in scrape
    assert RULES.name in scrape
    assert set(re.findall(r'job="(\w+)"', RULES.read_text())) == {"notifyd"}
