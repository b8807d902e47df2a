from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from notifyd.model.diagnosis import Finding, MongoFacts, RedisFacts, Verdict
from notifyd.policy.diagnosis.engines import judge_away, judge_local, judge_mongo, judge_redis

REDIS = RedisFacts(
    place="",
    version="Valkey 9.1.2",
    mode="standalone",
    role="master",
    appendonly=True,
    appendfsync="everysec",
    append_healthy=True,
    maxmemory_policy="noeviction",
    evicted_keys=0,
    used_bytes=10 << 20,
    max_bytes=0,
    machine_bytes=1 << 30,
    connections=10,
    max_connections=1000,
    sharded_topics=True,
    ahead_seconds=0.001,
    off_by_seconds=0.002,
)
MONGO = MongoFacts(
    version="8.0.1", replica_set="rs0", members=3, router=False, write_concern="majority", ahead_seconds=0.1
)


def redis(name: str, **changes: Any) -> Finding:
    return {finding.name: finding for finding in judge_redis([replace(REDIS, **changes)])}[name]


def mongo(name: str, **changes: Any) -> Finding:
    return {finding.name: finding for finding in judge_mongo(replace(MONGO, **changes))}[name]


def test_of_a_good_redis_nothing_is_to_be_done():
    findings = judge_redis([REDIS])
    assert {(finding.verdict, finding.advice) for finding in findings} == {(Verdict.OK, "")}
    assert [finding.name for finding in findings] == [
        "broker", "broker-persistence", "broker-eviction", "broker-memory", "clock",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"role": "slave"}, Verdict.FAILED, "takes no writes"),
        ({"sharded_topics": False}, Verdict.FAILED, "no sharded publish/subscribe"),
        ({"sharded_topics": None}, Verdict.OK, "Valkey 9.1.2 (standalone) answers"),
        ({"connections": 900}, Verdict.WARNING, "900 of its 1000 connections"),
        ({"connections": 900, "max_connections": 0}, Verdict.OK, "answers"),
    ],
)
def test_the_server(changes: dict[str, Any], verdict: Verdict, said: str):
    finding = redis("broker", **changes)
    assert finding.verdict is verdict
    assert said in finding.found


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"appendonly": False}, Verdict.WARNING, "appendonly is off"),
        ({"appendonly": None}, Verdict.WARNING, "does not tell"),
        ({"append_healthy": False}, Verdict.FAILED, "failed"),
        ({"appendfsync": "no"}, Verdict.WARNING, "appendfsync no"),
        ({"appendfsync": "always"}, Verdict.OK, "loses nothing"),
        ({"appendfsync": "everysec"}, Verdict.OK, "a second at most"),
        ({"appendfsync": ""}, Verdict.OK, "appendonly is on"),
    ],
)
def test_what_a_crash_takes(changes: dict[str, Any], verdict: Verdict, said: str):
    finding = redis("broker-persistence", **changes)
    assert finding.verdict is verdict
    assert said in finding.found
    assert bool(finding.advice) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, Verdict.WARNING),
        ({"maxmemory_policy": "volatile-ttl", "evicted_keys": 3}, Verdict.FAILED),
        ({"maxmemory_policy": "noeviction", "evicted_keys": 3}, Verdict.OK),
        ({"maxmemory_policy": ""}, Verdict.WARNING),
    ],
)
def test_what_goes_when_memory_is_full(changes: dict[str, Any], verdict: Verdict):
    finding = redis("broker-eviction", **changes)
    assert finding.verdict is verdict
    assert ("noeviction" in finding.advice) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("used", "most", "machine", "verdict"),
    [
        (799, 1000, 0, Verdict.OK),
        (800, 1000, 10**9, Verdict.WARNING),
        (950, 1000, 10**9, Verdict.FAILED),
        (800, 0, 1000, Verdict.WARNING),
        (800, 0, 0, Verdict.OK),
    ],
)
def test_room_in_its_memory(used: int, most: int, machine: int, verdict: Verdict):
    assert redis("broker-memory", used_bytes=used, max_bytes=most, machine_bytes=machine).verdict is verdict


@pytest.mark.parametrize(
    ("ahead", "off_by", "verdict", "said"),
    [
        (None, 0.0, Verdict.OK, "nothing can be compared"),
        (0.999, 0.0, Verdict.OK, "less than 1 s apart"),
        (1.5, 0.6, Verdict.OK, "less than 1 s apart"),
        (1.5, 0.0, Verdict.WARNING, "1.5 s behind the broker's"),
        (-9.9, 0.0, Verdict.WARNING, "9.9 s ahead of the broker's"),
        (10.0, 0.0, Verdict.FAILED, "10.0 s behind"),
    ],
)
def test_clocks(ahead: float | None, off_by: float, verdict: Verdict, said: str):
    finding = redis("clock", ahead_seconds=ahead, off_by_seconds=off_by)
    assert finding.verdict is verdict
    assert said in finding.found


def test_of_several_servers_the_worst_are_told():
    servers = [replace(REDIS, place=f"h{number}:1", appendonly=number != 2) for number in (1, 2, 3)]
    finding = judge_redis(servers)[1]
    assert (finding.name, finding.verdict) == ("broker-persistence", Verdict.WARNING)
    assert finding.found.startswith("h2:1: appendonly is off")
    assert "h3" not in finding.found


def test_of_several_servers_that_are_well_the_first_stands_for_all():
    servers = [replace(REDIS, place=f"h{number}:1") for number in (1, 2)]
    assert judge_redis(servers)[2] == Finding(
        "broker-eviction", Verdict.OK, "of 2 servers the first: maxmemory-policy is noeviction"
    )


def test_of_a_good_mongodb_nothing_is_to_be_done():
    findings = judge_mongo(MONGO)
    assert {(finding.verdict, finding.advice) for finding in findings} == {(Verdict.OK, "")}
    assert findings[0].found == "MongoDB 8.0.1 answers"
    assert mongo("records", version="").found == "MongoDB answers"


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"replica_set": "", "members": 0}, Verdict.WARNING, "no replica set"),
        ({"members": 1}, Verdict.WARNING, "nobody takes over"),
        ({"replica_set": "", "members": 0, "router": True}, Verdict.OK, "router"),
    ],
)
def test_copies_of_the_records(changes: dict[str, Any], verdict: Verdict, said: str):
    finding = mongo("records-replication", **changes)
    assert finding.verdict is verdict
    assert said in finding.found


def test_writes_wait_for_the_majority():
    assert mongo("records-write-concern", write_concern="1").verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("durability", "failing", "verdict"),
    [
        ("fsync", False, Verdict.OK),
        ("os", False, Verdict.OK),
        ("memory", False, Verdict.WARNING),
        ("fsync", True, Verdict.FAILED),
    ],
)
def test_the_local_broker(durability: str, failing: bool, verdict: Verdict):
    assert judge_local(durability=durability, failing=failing).verdict is verdict


def test_an_engine_that_is_away_tells_what_does_not_work():
    finding = judge_away("broker", "Redis", "connection refused", harm="nothing goes")
    assert (finding.name, finding.verdict) == ("broker", Verdict.FAILED)
    assert finding.found == "Redis does not answer: connection refused; nothing goes"


@pytest.mark.parametrize(
    ("ahead", "verdict", "said"),
    [
        (None, Verdict.OK, "does not tell the time"),
        (-0.9, Verdict.OK, "less than 1 s apart"),
        (3.0, Verdict.WARNING, "3.0 s behind MongoDB's"),
        (-60.0, Verdict.FAILED, "60.0 s ahead of MongoDB's"),
    ],
)
def test_the_clocks_of_mongodb_and_of_this_machine(ahead: float | None, verdict: Verdict, said: str):
    finding = mongo("records-clock", ahead_seconds=ahead)
    assert finding.verdict is verdict
    assert said in finding.found
