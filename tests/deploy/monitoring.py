"""The dashboards and the rules that are delivered, and what a daemon tells them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from notifyd.app.showing.gauges import gauges
from notifyd.telemetry.merging import merged
from notifyd.telemetry.prometheus import Exposition
from tests.app.composed import composed, loaded_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trio

DEPLOY: Final = Path(__file__).parents[2] / "daemon" / "deploy"
RULES: Final = DEPLOY / "prometheus" / "alerts.yml"
SCRAPE: Final = DEPLOY / "prometheus" / "prometheus.yml"
RULE_TESTS: Final = Path(__file__).parent / "alerts_test.yml"
DASHBOARDS: Final = sorted((DEPLOY / "grafana").glob("*.json"))

#: Made by Prometheus itself.
_OF_PROMETHEUS: Final = {"up"}
#: Words of PromQL that stand where a metric could.
_LABEL_LISTS: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right) ?\([^)]*\)")
_MATCHERS: Final = re.compile(r"\{[^}]*\}")
_SUFFIX: Final = re.compile(r"_(?:bucket|sum|count)$")


class NoSessions:
    """The server of Socket.IO, as far as a gauge asks for it."""

    session_count = 0


def alerts() -> list[dict[str, Any]]:
    """Every alert rule."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels(dashboard: Path) -> list[dict[str, Any]]:
    """What a dashboard shows, but for the headings."""
    return [panel for panel in json.loads(dashboard.read_text())["panels"] if panel["type"] != "row"]


def queries(dashboard: Path) -> Iterator[str]:
    """The queries of a dashboard, its variables filled in."""
    told = json.loads(dashboard.read_text())
    for panel in told["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (each["expr"] for each in told["annotations"]["list"] if "expr" in each)


def filled_in(query: str) -> str:
    """*query* as Grafana would send it."""
    return query.replace("$__rate_interval", "1m").replace("$instance", ".*")


def metrics_in(query: str) -> set[str]:
    """The families that *query* is about."""
    bare = _LABEL_LISTS.sub("", _MATCHERS.sub("", query))
    names = re.findall(r"\b(?:notifyd|process)_\w+|\bup\b", bare)
    return {name if name.endswith("_total") else _SUFFIX.sub("", name) for name in names}


async def families(folder: Path, nursery: trio.Nursery) -> dict[str, set[str]]:
    """Each family that a daemon of several workers exposes, with the labels of its samples."""
    graph = await composed(loaded_with(folder), nursery)
    settings, times = graph.loaded.settings, graph.engines.counters.times
    for timed in (times.queue_wait, times.webhook, times.http, times.rpc, times.engine):
        timed.of(*timed.labels).observe(1.0)
    own, _ = Exposition(graph.engines.counters, gauges(graph, lambda: settings, NoSessions())).render()
    told: dict[str, set[str]] = {name: set() for name in _OF_PROMETHEUS}
    for line in merged({0: own, 1: None}).decode().splitlines():
        if line.startswith("# TYPE "):
            told[line.split()[2]] = set()
        elif not line.startswith("#"):
            name = re.match(r"\w+", line)[0]  # type: ignore[index]
            name = name if name in told else _SUFFIX.sub("", name)
            told[name] |= set(re.findall(r'(\w+)="', line))
    return told
