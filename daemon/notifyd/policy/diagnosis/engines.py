"""What to think of the engines behind the daemon. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from notifyd.model.diagnosis import Finding, MongoFacts, RedisFacts, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: From the best to the worst.
_ORDER: Final = (Verdict.OK, Verdict.WARNING, Verdict.FAILED)
_MEBIBYTE: Final = 1 << 20
#: Of its memory; between them an operator still has time.
_FILLING: Final = 0.8
_FULL: Final = 0.95
#: Of its connections.
_CROWDED: Final = 0.9
#: Leases, expiry and schedules are kept by the clock of each node.
_CLOCKS_APART_SECONDS: Final = 1.0
_CLOCKS_FAR_APART_SECONDS: Final = 10.0


def judge_redis(servers: Sequence[RedisFacts]) -> list[Finding]:
    """Whether what Redis has accepted is safe there, and whether there is room for more."""
    return [_judge_all(servers, judge) for judge in _REDIS_JUDGES]


def _judge_all(servers: Sequence[RedisFacts], judge: Callable[[RedisFacts], Finding]) -> Finding:
    """One finding for all *servers*: of those where it is worst."""
    findings = [judge(facts) for facts in servers]
    worst = max(findings, key=lambda finding: _ORDER.index(finding.verdict))
    if len(servers) == 1:
        return worst
    if worst.verdict is Verdict.OK:
        return replace(worst, found=f"of {len(servers)} servers the first: {findings[0].found}")
    told = zip(servers, findings, strict=True)
    found = "; ".join(f"{facts.place}: {each.found}" for facts, each in told if each.verdict is worst.verdict)
    return replace(worst, found=found)


def _judge_server(facts: RedisFacts) -> Finding:
    name, found = "broker", f"{facts.version} ({facts.mode}) answers"
    if facts.role == "slave":
        advice = "point broker.url to its master, or to the Sentinels (redis+sentinel://)"
        return Finding(name, Verdict.FAILED, f"{found}, as a replica, which takes no writes", advice)
    if facts.sharded_topics is False:
        advice = "upgrade it to Redis 7.0 or to any Valkey"
        return Finding(name, Verdict.FAILED, f"{found} and knows no sharded publish/subscribe", advice)
    if facts.max_connections and facts.connections >= _CROWDED * facts.max_connections:
        found = f"{found}; {facts.connections} of its {facts.max_connections} connections are taken"
        return Finding(name, Verdict.WARNING, found, "raise maxclients there")
    return Finding(name, Verdict.OK, found)


def _judge_persistence(facts: RedisFacts) -> Finding:
    name = "broker-persistence"
    on = "set appendonly yes there, in its configuration file and with CONFIG SET"
    if facts.appendonly is None:
        found = "it does not tell whether it logs its writes (appendonly)"
        return Finding(
            name, Verdict.WARNING, found, "ask who runs it: without appendonly a crash loses what was accepted"
        )
    if not facts.appendonly:
        found = "appendonly is off: what was accepted since its last snapshot is lost when it crashes or restarts"
        return Finding(name, Verdict.WARNING, found, on)
    if not facts.append_healthy:
        found = "its last write to the append-only file failed, so that it refuses writes or may lose them"
        return Finding(name, Verdict.FAILED, found, "look at its log and the disk that it writes to")
    if facts.appendfsync == "no":
        found = "appendonly is on with appendfsync no: a power cut there loses what its kernel had not written yet"
        return Finding(name, Verdict.WARNING, found, "set appendfsync everysec, or always")
    loss = {"always": "nothing", "everysec": "a second at most"}.get(facts.appendfsync)
    told = f", appendfsync {facts.appendfsync}: a power cut there loses {loss}" if loss else ""
    return Finding(name, Verdict.OK, f"appendonly is on{told}")


def _judge_eviction(facts: RedisFacts) -> Finding:
    name, policy = "broker-eviction", facts.maxmemory_policy
    advice = "set maxmemory-policy noeviction there: a full Redis then refuses notifications instead of dropping some"
    if not policy:
        found = "it does not tell what goes when its memory is full (maxmemory-policy)"
        return Finding(name, Verdict.WARNING, found, "ask who runs it for noeviction")
    if policy == "noeviction":
        return Finding(name, Verdict.OK, "maxmemory-policy is noeviction")
    if facts.evicted_keys:
        found = f"maxmemory-policy is {policy}, and {facts.evicted_keys} keys were evicted: some was lost"
        return Finding(name, Verdict.FAILED, found, advice)
    found = f"maxmemory-policy is {policy}: when its memory is full, what was accepted is dropped silently"
    return Finding(name, Verdict.WARNING, found, advice)


def _judge_memory(facts: RedisFacts) -> Finding:
    name = "broker-memory"
    most, of = (facts.max_bytes, "its maxmemory") if facts.max_bytes else (facts.machine_bytes, "its machine's memory")
    if not most:
        return Finding(name, Verdict.OK, f"it uses {_size(facts.used_bytes)}, and has no maxmemory")
    share = facts.used_bytes / most
    found = f"it uses {_size(facts.used_bytes)}, {share:.0%} of {of}"
    advice = "give it more, or lower history.max_bytes, inbox.max_bytes and receipts.max_count"
    if share >= _FULL:
        return Finding(name, Verdict.FAILED, found, advice)
    return Finding(name, Verdict.WARNING, found, advice) if share >= _FILLING else Finding(name, Verdict.OK, found)


def _judge_clock(facts: RedisFacts | MongoFacts) -> Finding:
    name, whose = ("clock", "the broker") if isinstance(facts, RedisFacts) else ("records-clock", "MongoDB")
    if facts.ahead_seconds is None:
        return Finding(name, Verdict.OK, f"{whose} does not tell the time, so that nothing can be compared")
    apart = max(0.0, abs(facts.ahead_seconds) - facts.off_by_seconds)
    if apart < _CLOCKS_APART_SECONDS:
        found = f"this clock and {whose}'s are less than {_CLOCKS_APART_SECONDS:g} s apart"
        return Finding(name, Verdict.OK, found)
    side = "behind" if facts.ahead_seconds > 0 else "ahead of"
    found = f"this clock is {apart:.1f} s {side} {whose}'s: expiry and schedules are off by that between machines"
    verdict = Verdict.FAILED if apart >= _CLOCKS_FAR_APART_SECONDS else Verdict.WARNING
    return Finding(name, verdict, found, "have both set by NTP (timedatectl set-ntp true)")


_REDIS_JUDGES: Final = (_judge_server, _judge_persistence, _judge_eviction, _judge_memory, _judge_clock)


def judge_mongo(facts: MongoFacts) -> list[Finding]:
    """Whether what MongoDB has acknowledged outlives one server."""
    return [
        Finding("records", Verdict.OK, f"{f'MongoDB {facts.version}'.rstrip()} answers"),
        _judge_copies(facts),
        _judge_writes(facts),
        _judge_clock(facts),
    ]


def _judge_copies(facts: MongoFacts) -> Finding:
    name, more = "records-replication", "make it a replica set of three servers"
    if facts.router:
        return Finding(name, Verdict.OK, "a router of a sharded cluster")
    if not facts.replica_set:
        found = "a single server, no replica set: a write is not repeated when the connection breaks"
        return Finding(name, Verdict.WARNING, found, more)
    found = f"replica set {facts.replica_set} with {facts.members} servers that hold data"
    if facts.members == 1:
        found = f"replica set {facts.replica_set} has one server, and nobody takes over when it is away"
        return Finding(name, Verdict.WARNING, found, more)
    return Finding(name, Verdict.OK, found)


def _judge_writes(facts: MongoFacts) -> Finding:
    name = "records-write-concern"
    if facts.write_concern == "majority":
        return Finding(name, Verdict.OK, "a write waits for the majority of the servers")
    found = f"a write waits for w={facts.write_concern}: a failover can bring back a key that was revoked"
    return Finding(name, Verdict.WARNING, found, "have it wait for the majority")


def judge_local(*, durability: str, failing: bool) -> Finding:
    """The engine in this process."""
    if failing:
        found = "its commits fail, and publishing answers 503 until they work again"
        return Finding("broker", Verdict.FAILED, found, "look at the log and at the disk under the state folder")
    if durability == "memory":
        found = "local, in memory alone: what was accepted is gone when the daemon stops"
        return Finding("broker", Verdict.WARNING, found, 'set broker.durability = "fsync", or "os"')
    return Finding("broker", Verdict.OK, f"local, durability {durability}")


def judge_away(name: str, engine: str, problem: str, *, harm: str) -> Finding:
    """An engine that does not answer, and what that means for now."""
    return Finding(
        name,
        Verdict.FAILED,
        f"{engine} does not answer: {problem}; {harm}",
        "see that it runs, and that it is reached from here",
    )


def _size(count: int) -> str:
    return f"{count / _MEBIBYTE:.0f} MiB"
