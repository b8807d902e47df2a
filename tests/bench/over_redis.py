"""Daemons that share a Redis, beside BullMQ alone on the same server in the same minutes."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.figures import Figure, Progress
from tests.bench.processes import HERE, Server, cpu_seconds, load, node_is_there, node_modules, notifyd
from tests.valkey import running_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.valkey import Valkey

COUNTS = {"single": 40_000, "batch": 100_000}
JOB_COUNTS = {"single": 20_000, "batch": 40_000}
_JOB_MODES = {"single": "add", "batch": "bulk"}
_LATENCY_SECONDS = 6
_SECONDS = 180
FAN_OUT = 1000


class Run(NamedTuple):
    """What one run gave: of all processes but Redis."""

    per_second: float
    per_cpu_second: float
    p50_ms: float
    p99_ms: float


def over_redis(rounds: int, say: Progress) -> Iterator[Figure]:
    """Accepted and delivered, single and in batches of 100, through one daemon and two; and how long that takes."""
    if not node_is_there("bullmq"):
        say("npm bullmq is missing: nothing is measured over Redis")
        return
    for mode, name in (("single", "publish, 64 ahead"), ("batch", "publish, batches of 100")):
        found: dict[str, list[Run]] = {"jobs": [], "one": [], "two": []}
        for number in range(rounds):
            for who, runs in found.items():
                say(f"over Redis, {name}: {who}, round {number + 1} of {rounds}")
                with running_valkey() as valkey:
                    runs.append(_run(valkey, who, mode))
        jobs = median(run.per_cpu_second for run in found["jobs"])
        aims = {"one": "at least 3", "two": ""}
        for who in ("one", "two"):
            through = "1 daemon" if who == "one" else "2 daemons"
            rate = median(run.per_cpu_second for run in found[who])
            yield Figure(f"Redis, {through}: {name}", "delivered/CPU-s", rate, jobs, "BullMQ", aims[who])
            yield Figure(
                f"Redis, {through}: {name}",
                "delivered/s",
                median(run.per_second for run in found[who]),
                median(run.per_second for run in found["jobs"]),
                "BullMQ",
            )
        if mode == "single":
            yield from _latency(found, say)
    yield from _fan_out(rounds, say)


def _latency(found: dict[str, list[Run]], say: Progress) -> Iterator[Figure]:
    """From the producer to the consumer, at half of what each has just shown that it can do."""
    runs: dict[str, Run] = {}
    for who, before in found.items():
        say(f"over Redis, latency at half load: {who}")
        rate = median(run.per_second for run in before) / 2
        with running_valkey() as valkey:
            runs[who] = _run(valkey, who, "single", per_second=int(rate))
    for who, through in (("one", "1 daemon"), ("two", "2 daemons")):
        for part in ("p50_ms", "p99_ms"):
            name = f"Redis, {through}: latency at half load, {part[:3]}"
            yield Figure(name, "ms", getattr(runs[who], part), getattr(runs["jobs"], part), "BullMQ")


def _fan_out(rounds: int, say: Progress) -> Iterator[Figure]:
    found: dict[str, list[float]] = {"redis": [], "local": []}
    options = {"connections": FAN_OUT, "messages": 1000, "window": 4, "pipeline": 1}
    for number in range(rounds):
        for who, rates in found.items():
            say(f"fan-out over Redis beside local: {who}, round {number + 1} of {rounds}")
            with ExitStack() as held:
                url = held.enter_context(running_valkey()).url if who == "redis" else "local"
                server = held.enter_context(notifyd("-S", f"broker.url={url}", "-S", "bullmq.enabled=false"))
                rates.append(load(server, **options)["deliveries_per_cpu_second"])
    yield Figure(
        "Redis: fan-out, 4 ahead",
        "deliveries/CPU-s",
        median(found["redis"]),
        median(found["local"]),
        "local broker",
        "at least 0.8",
    )


def _run(valkey: Valkey, who: str, mode: str, *, per_second: int = 0) -> Run:
    count = (JOB_COUNTS if who == "jobs" else COUNTS)[mode]
    if per_second:
        count = per_second * _LATENCY_SECONDS
    if who == "jobs":
        port = str(valkey.port)
        consume = ["jobs.js", "work", port, str(count)]
        produce = ["jobs.js", _JOB_MODES[mode], port, str(count)]
        return _measured(consume, produce, count, (), per_second)
    with ExitStack() as held:
        servers = [held.enter_context(_daemon(valkey)) for _ in range(2 if who == "two" else 1)]
        first, last = servers[0], servers[-1]
        consume = ["notifications.js", "receive", str(last.port), last.key, str(count)]
        # keys are those of the first: each has records of its own
        produce = ["notifications.js", mode, str(first.port), first.key, str(count)]
        return _measured(consume, produce, count, servers, per_second)


@contextmanager
def _daemon(valkey: Valkey) -> Iterator[Server]:
    with notifyd("-S", f"broker.url={valkey.url}", "-S", "bullmq.enabled=false") as server:
        yield server


def _measured(
    consume: Sequence[str], produce: Sequence[str], count: int, servers: Sequence[Server], per_second: int
) -> Run:
    environment = os.environ | {"NODE_PATH": str(node_modules("bullmq"))}
    rate = [str(per_second)] if per_second else []
    command = ["node", str(HERE / consume[0]), *consume[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as consumer:
        assert consumer.stdout is not None
        if consumer.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{consume[0]} did not start")
        before = [cpu_seconds(server.pid) for server in servers]
        command = ["node", str(HERE / produce[0]), *produce[1:], *rate]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS, env=environment)
        try:
            received = json.loads(consumer.communicate(timeout=_SECONDS)[0])
        finally:
            consumer.kill()
        used = sum(cpu_seconds(server.pid) - then for server, then in zip(servers, before, strict=True))
    produced = json.loads(said.stdout)
    cpu = used + produced["cpu"] + received["cpu"]
    seconds = max(produced["seconds"], received["seconds"])
    return Run(count / seconds, count / cpu, received["p50"], received["p99"])
