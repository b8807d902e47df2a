from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from notifyd.telemetry.merging import merged
from notifyd.telemetry.metrics import Counters
from notifyd.telemetry.prometheus import Exposition, Gauge


def worker(accepted: int, connections: dict[str, float], accept: str = "") -> bytes:
    counters = Counters()
    counters.accepted = accepted
    counters.times.accept.observe(0.003, accepted)
    gauge = Gauge("connections", "Live.", lambda: connections, label="transport")
    return Exposition(counters, [gauge]).render(accept)[0]


def test_each_sample_tells_whose_it_is() -> None:
    text = merged({0: worker(3, {"websocket": 1.0}), 1: worker(4, {"websocket": 2.0, 'odd "} x': 5.0})}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    accepted = families["notifyd_notifications_accepted"]
    assert accepted.type == "counter"
    totals = [sample for sample in accepted.samples if sample.name.endswith("_total")]
    assert [(sample.labels, sample.value) for sample in totals] == [({"worker": "0"}, 3), ({"worker": "1"}, 4)]
    assert [(sample.labels, sample.value) for sample in families["notifyd_connections"].samples] == [
        ({"worker": "0", "transport": "websocket"}, 1),
        ({"worker": "1", "transport": "websocket"}, 2),
        ({"worker": "1", "transport": 'odd "} x'}, 5),
    ]
    assert text.count("# TYPE notifyd_connections ") == 1


def test_who_is_silent_is_down() -> None:
    text = merged({0: worker(3, {}), 1: None}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert [(sample.labels["worker"], sample.value) for sample in families["notifyd_worker_up"].samples] == [
        ("0", 1),
        ("1", 0),
    ]
    assert 'worker="1"' not in text.partition("notifyd_worker_up")[0]


def test_histograms_stay_whole() -> None:
    text = merged({0: worker(3, {}), 1: worker(4, {})}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = families["notifyd_accept_seconds"].samples
    assert [
        (sample.labels, sample.value) for sample in samples if sample.labels.get("le") in ("0.0025", "0.005", "+Inf")
    ] == [
        ({"worker": str(index), "le": le}, count * (le != "0.0025"))
        for index, count in ((0, 3), (1, 4))
        for le in ("0.0025", "0.005", "+Inf")
    ]


def test_open_metrics_has_one_end() -> None:
    asked = "application/openmetrics-text; version=1.0.0"
    text = merged({0: worker(3, {"websocket": 1.0}, asked), 1: None, 2: worker(4, {}, asked)}).decode()
    # this parser refuses what is not in order, and what comes behind the end
    names = {family.name for family in open_metrics(text)}
    assert {"notifyd_notifications_accepted", "notifyd_accept_seconds", "notifyd_worker_up"} <= names
    assert text.count("# EOF") == 1
