from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from notifyd.telemetry.merging import merged
from notifyd.telemetry.metrics import Counters
from notifyd.telemetry.prometheus import Exposition, Gauge


def worker(accepted: int, connections: dict[str, float]) -> bytes:
    counters = Counters()
    counters.accepted = accepted
    return Exposition(counters, [Gauge("connections", "Live.", lambda: connections, label="transport")]).render()


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
