"""Counters and what Prometheus reads of them."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from notifyd.telemetry.metrics import COUNTER_NAMES, Counters
from notifyd.telemetry.prometheus import Exposition, Gauge
from notifyd.telemetry.record import level_number


def samples(exposition: Exposition) -> dict[str, float]:
    families = text_string_to_metric_families(exposition.render().decode())
    return {sample.name + str(sample.labels or ""): sample.value for family in families for sample in family.samples}


def test_counters_start_at_nothing_and_know_no_other_name() -> None:
    counters = Counters()
    counters.accepted += 2
    assert counters.snapshot()["accepted"] == 2
    assert set(counters.snapshot().values()) == {0, 2}
    with pytest.raises(AttributeError):
        counters.acepted = 1  # type: ignore[attr-defined]


def test_every_counter_is_exposed() -> None:
    counters = Counters()
    for place, name in enumerate(COUNTER_NAMES):
        setattr(counters, name, 1000 + place)
    values = samples(Exposition(counters))
    assert values["notifyd_notifications_accepted_total"] == 1000
    assert {1000 + place for place in range(len(COUNTER_NAMES))} <= set(values.values())


def test_gauges_are_read_at_the_scrape() -> None:
    now = {"websocket": 1.0}
    exposition = Exposition(
        Counters(),
        [Gauge("connections", "Live.", lambda: dict(now), "transport"), Gauge("queue_size", "Waiting.", lambda: 7)],
    )
    now["websocket"] = 3
    values = samples(exposition)
    assert values["notifyd_connections{'transport': 'websocket'}"] == 3
    assert values["notifyd_queue_size"] == 7


def test_the_process_is_exposed() -> None:
    values = samples(Exposition(Counters()))
    assert values["process_resident_memory_bytes"] > 1e6
    assert values["process_cpu_seconds_total"] > 0
    assert values["process_open_fds"] > 2


def test_levels_have_numbers() -> None:
    assert level_number("") == 0
    assert level_number("Warning") == 30
    with pytest.raises(ValueError, match="there are debug, info"):
        level_number("loud")
