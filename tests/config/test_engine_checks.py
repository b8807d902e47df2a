from __future__ import annotations

from typing import Any

import pytest

from notifyd.config import Settings
from notifyd.config.engine_checks import engine_clashes, engine_warnings
from tests.config.test_checks import changed

REDIS = {"broker__url": "redis://h", "bullmq__url": "redis://h", "bullmq__enabled": True}
SHARED = REDIS | {"records__url": "mongodb://h"}


def blamed(**values: Any) -> list[str]:
    return [clash.keys[0] for clash in engine_clashes(changed(**values))]


def said(*given: str, production: bool = False, **values: Any) -> str:
    origins = dict.fromkeys(given, "file n.toml:1")
    return "\n".join(engine_warnings(changed(**values), {}, origins, production=production))


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"server__workers": 2}, "server.workers"),
        ({"cluster__heartbeat_seconds": 2.0}, "cluster.timeout_seconds"),
        ({"cluster__query_timeout_seconds": 30.0}, "cluster.query_timeout_seconds"),
        ({"bullmq__enabled": True}, "bullmq.enabled"),
        ({"bullmq__enabled": True, "bullmq__url": "redis+cluster://h"}, "bullmq.prefix"),
    ],
)
def test_settings_that_clash(values: dict[str, Any], key: str):
    assert blamed(**values) == [key]


@pytest.mark.parametrize(
    "values",
    [
        {"server__workers": 2, **REDIS},
        {"cluster__heartbeat_seconds": 1.999},
        {"bullmq__enabled": True, "bullmq__url": "redis://h"},
        {"bullmq__url": "redis+cluster://h"},
        {"bullmq__enabled": True, "bullmq__url": "redis+cluster://h", "bullmq__prefix": "{bull}"},
    ],
)
def test_settings_that_just_go_together(values: dict[str, Any]):
    assert blamed(**values) == []


def test_the_sentence_says_why_the_local_broker_has_one_process():
    (clash,) = engine_clashes(changed(server__workers=2))
    assert "the local one is the memory of one process" in clash.message


def test_defaults_and_engines_that_daemons_can_share_need_no_word():
    assert list(engine_warnings(Settings(), {}, {}, production=True)) == []
    assert "master.key" in said(**SHARED)


def test_durability_means_nothing_with_redis_where_somebody_set_it():
    assert "broker.durability is set and counts for nothing" in said("broker.durability", **REDIS)
    assert "broker.durability" not in said(**REDIS)
    assert said("broker.durability") == ""


def test_what_only_redis_knows_means_nothing_locally():
    assert "broker.prefix, broker.shards: set, and without meaning" in said("broker.shards", "broker.prefix")
    assert "without meaning" not in said("broker.shards", **REDIS)


def test_timeouts_are_for_the_redis_of_bullmq_too():
    jobs = {"bullmq__url": "rediss://h", "bullmq__enabled": True}
    assert "broker.ca_file: set" in said("broker.ca_file")
    assert said("broker.ca_file", "broker.timeout_seconds", **jobs) == ""


def test_records_in_a_file_are_known_on_one_machine_alone():
    assert "not know the keys, clients and devices made here" in said(**REDIS)
    assert said(server__workers=2, **REDIS) == ""


def test_certificates_without_tls_are_never_asked_for():
    assert "broker.ca_file is set and counts for nothing" in said(**REDIS, broker__ca_file="/ca.pem")
    assert "broker.ca_file" not in said(broker__url="rediss+cluster://h", broker__ca_file="/ca.pem")


def test_memory_in_production_warns():
    assert "what was accepted is gone" in said(production=True, broker__durability="memory")
    assert said(broker__durability="memory") == ""


def test_no_warning_shows_a_password():
    values = SHARED | {"broker__url": "redis://:hunter2@h", "records__url": "mongodb://u:hunter2@h"}
    assert "hunter2" not in said("broker.durability", "broker.url", **values)
