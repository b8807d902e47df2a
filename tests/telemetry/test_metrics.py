"""Counters and what Prometheus reads of them."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from notifyd.telemetry.metrics import COUNTER_NAMES, Counters
from notifyd.telemetry.prometheus import Exposition, Gauge
from notifyd.telemetry.record import level_number
from notifyd.telemetry.timings import Timings


def samples(exposition: Exposition) -> dict[str, float]:
    families = text_string_to_metric_families(exposition.render()[0].decode())
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
    assert "times" not in COUNTER_NAMES
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


def test_every_histogram_is_exposed() -> None:
    counters = Counters()
    for place, each in enumerate(fields(Timings)):
        timed = getattr(counters.times, each.name)
        labels = getattr(timed, "labels", ())
        (timed.of(*labels) if labels else timed).observe(0.25, 1000 + place)
    counts = {value for name, value in samples(Exposition(counters)).items() if "_count" in name}
    assert counts == {1000 + place for place in range(len(fields(Timings)))}


def test_several_labels_are_told_in_their_order() -> None:
    gauge = Gauge("engine_up", "Up.", lambda: {("broker", "redis"): 1.0, ("disk", "x"): 0.0}, "engine kind")
    values = samples(Exposition(Counters(), [gauge]))
    assert values["notifyd_engine_up{'engine': 'broker', 'kind': 'redis'}"] == 1
    assert values["notifyd_engine_up{'engine': 'disk', 'kind': 'x'}"] == 0


def test_what_there_is_not_has_no_value() -> None:
    gauges = [Gauge("end_seconds", "End.", dict), Gauge("begin_seconds", "Begin.", lambda: {(): 7.0})]
    values = samples(Exposition(Counters(), gauges))
    assert values["notifyd_begin_seconds"] == 7
    assert "notifyd_end_seconds" not in values


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", ""])
def test_names_and_units_follow_the_conventions(accept: str) -> None:
    text, content_type = Exposition(Counters()).render(accept)
    assert ("openmetrics" in content_type) == bool(accept)
    for family in (open_metrics if accept else text_string_to_metric_families)(text.decode()):
        assert re.fullmatch(r"(notifyd|process)_[a-z_]+", family.name)
        assert not re.search(r"_(ms|milliseconds|kb|mb|total)$", family.name)
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_size"))
