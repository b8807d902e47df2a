"""Prometheus's own tool reads what is delivered for it, and says when which alert fires."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.deploy.monitoring import DASHBOARDS, RULE_TESTS, RULES, SCRAPE, alerts, filled_in, queries
from tests.interop.programs import tool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def promtool(*args: str | Path) -> str:
    """What it says, where it is content."""
    command = [tool("promtool"), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_rules() -> None:
    assert f"{len(alerts())} rules found" in promtool("check", "rules", RULES)


def test_the_alerts_fire_when_they_should() -> None:
    promtool("test", "rules", RULE_TESTS)


def test_every_alert_that_fires_in_a_test_is_one() -> None:
    tested = set(re.findall(r"\bNotifyd\w+", RULE_TESTS.read_text()))
    assert tested <= {alert["alert"] for alert in alerts()}
    assert len(tested) >= 10


def test_the_scrape_is_a_configuration() -> None:
    promtool("check", "config", "--syntax-only", SCRAPE)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_the_queries_of_a_dashboard_are_queries(dashboard: Path, tmp_path: Path) -> None:
    rules = [{"record": f"r{n}", "expr": filled_in(query)} for n, query in enumerate(queries(dashboard))]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)
