"""What is measured. Servers that are compared take turns in each round; the median of the rounds counts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from statistics import median

from tests.bench.figures import Figure, Progress
from tests.bench.over_redis import over_redis
from tests.bench.processes import (
    BIN,
    BUILD,
    Server,
    cpu_seconds,
    least,
    load,
    node,
    node_is_there,
    node_socketio,
    notifyctl,
    notifyd,
    notifyd_grpc,
    notifyd_socketio,
    publish_by_grpc,
    tokens,
    wrk,
)

#: Subscribers of the one channel that is published to.
FAN_OUT = 1000
IDLE = 8000
GRPC_COUNTS = {"stream": 30_000, "unary": 3000}
IDLE_SOCKETIO = 5000
WRK_CONNECTIONS = 16
WRK_SECONDS = 5
_FSYNC_SECONDS = 2.0

Opener = Callable[[], AbstractContextManager[Server]]


def fan_out(rounds: int, say: Progress) -> Iterator[Figure]:
    """Deliveries per CPU-second to 1,000 subscribers of one channel, published by REST."""
    modes = {
        "fan-out, 4 notifications ahead": {"messages": 1000, "window": 4, "pipeline": 1},
        "fan-out, 8 requests in flight": {"messages": 3000, "window": 64, "pipeline": 8},
    }
    aims = ("at least 0.75", "at least 2")
    for (name, options), aim in zip(modes.items(), aims, strict=True):
        openers: dict[str, Opener] = {"notifyd": notifyd, "least": least}
        if node_is_there():
            openers["ws"] = node
        figures = _take_turns(openers, rounds, say, name, {"connections": FAN_OUT, **options})
        found = {server: median(run["deliveries_per_cpu_second"] for run in runs) for server, runs in figures.items()}
        yield Figure(name, "deliveries/CPU-s", found["notifyd"], found["least"], "least.c", aim)
        if "ws" in found:
            yield Figure(name, "deliveries/CPU-s", found["notifyd"], found["ws"], "Node ws")


def connections(rounds: int, say: Progress) -> Iterator[Figure]:
    """What 8,000 authenticated and subscribed connections cost."""
    openers: dict[str, Opener] = {"notifyd": notifyd}
    if node_is_there():
        openers["ws"] = node
    figures = _take_turns(openers, rounds, say, "connections", {"connections": IDLE, "settle": 1500})
    setups = {server: median(run["setups_per_cpu_second"] for run in runs) for server, runs in figures.items()}
    memory = {server: median(run["kb_per_connection"] for run in runs) for server, runs in figures.items()}
    yield Figure("set-ups of subscribers", "1/CPU-s", setups["notifyd"], setups.get("ws"), "Node ws", "at least 1.3")
    yield Figure("idle subscriber", "KB resident", memory["notifyd"], memory.get("ws"), "Node ws", "at most 10 KB")


def socketio(rounds: int, say: Progress) -> Iterator[Figure]:
    """The same for Socket.IO: broadcasts to one namespace, set-ups with a token each, memory of idle connections."""
    openers: dict[str, Opener] = {"notifyd": notifyd_socketio}
    if node_is_there("socket.io"):
        openers["socket.io"] = node_socketio
    name = "Socket.IO fan-out, 4 ahead"
    fanned = _take_turns(openers, rounds, say, name, {"connections": FAN_OUT, "messages": 1000, "window": 4})
    bare = _take_turns({"least": least}, rounds, say, name, {"connections": FAN_OUT, "messages": 1000, "window": 4})
    idle = _take_turns(openers, rounds, say, "Socket.IO connections", {"connections": IDLE_SOCKETIO, "settle": 1500})
    rate = {s: median(run["deliveries_per_cpu_second"] for run in runs) for s, runs in (fanned | bare).items()}
    setups = {server: median(run["setups_per_cpu_second"] for run in runs) for server, runs in idle.items()}
    memory = {server: median(run["kb_per_connection"] for run in runs) for server, runs in idle.items()}
    beside = "Node socket.io"
    yield Figure(name, "deliveries/CPU-s", rate["notifyd"], rate.get("socket.io"), beside, "at least 1.5")
    yield Figure(name, "deliveries/CPU-s", rate["notifyd"], rate["least"], "least.c", "at least 0.7")
    yield Figure("Socket.IO set-ups", "1/CPU-s", setups["notifyd"], setups.get("socket.io"), beside, "at least 3")
    yield Figure("idle Socket.IO connection", "KB", memory["notifyd"], memory.get("socket.io"), beside, "at most 12 KB")


def _take_turns(
    openers: dict[str, Opener], rounds: int, say: Progress, name: str, options: dict[str, int]
) -> dict[str, list[dict[str, float]]]:
    figures: dict[str, list[dict[str, float]]] = {server: [] for server in openers}
    for number in range(rounds):
        for server, opener in openers.items():
            say(f"{name}: {server}, round {number + 1} of {rounds}")
            with opener() as running:
                figures[server].append(_loaded(running, options))
    return figures


def _loaded(server: Server, options: dict[str, int]) -> dict[str, float]:
    if not server.client_id:
        return load(server, **options)
    with tokens(server.client_id, options["connections"]) as file:
        return load(server, **options, namespace=f"client-{server.client_id}", tokens=file)


def grpc(rounds: int, say: Progress) -> Iterator[Figure]:
    """Accepted notifications by gRPC, on one stream beside one call each from eight callers."""
    found: dict[str, list[float]] = {"stream": [], "unary": []}
    for number in range(rounds):
        for mode, rates in found.items():
            say(f"gRPC publish, {mode}, round {number + 1} of {rounds}")
            with notifyd_grpc() as (server, port):
                before = cpu_seconds(server.pid)
                publish_by_grpc(server, port, mode, GRPC_COUNTS[mode])
                rates.append(GRPC_COUNTS[mode] / (cpu_seconds(server.pid) - before))
    yield Figure(
        "gRPC publish stream", "accepted/CPU-s", median(found["stream"]), median(found["unary"]), "unary, 8 callers"
    )


def rest(rounds: int, say: Progress) -> Iterator[Figure]:
    """Accepted notifications with 16 connections, to a channel without subscribers."""
    found: dict[str, list[tuple[float, float]]] = {"os": [], "fsync": []}
    syncs = []
    for number in range(rounds):
        for durability, rates in found.items():
            say(f"REST, durability {durability}, round {number + 1} of {rounds}")
            rates.append(_publish(durability))
        syncs.append(fsyncs_per_second())
    per_cpu = {durability: median(rate[0] for rate in rates) for durability, rates in found.items()}
    per_second = {durability: median(rate[1] for rate in rates) for durability, rates in found.items()}
    sixteen = WRK_CONNECTIONS * median(syncs)
    yield Figure("REST publish, durability os", "accepted/CPU-s", per_cpu["os"], aim="at least 6,000")
    yield Figure("REST publish, durability os", "accepted/s", per_second["os"])
    bound = min(per_cpu["os"], sixteen)
    yield Figure(
        "REST publish, durability fsync",
        "accepted/CPU-s",
        per_cpu["fsync"],
        bound,
        "lesser of os and 16 x fsyncs/s",
        "at least 0.8",
    )
    yield Figure("REST publish, durability fsync", "accepted/s", per_second["fsync"], sixteen, "16 x fsyncs/s")


def _publish(durability: str) -> tuple[float, float]:
    """Accepted per CPU-second and per second."""
    with notifyd(durability=durability) as server:
        before, started = cpu_seconds(server.pid), time.monotonic()
        result = wrk(server, connections=WRK_CONNECTIONS, seconds=WRK_SECONDS)
        used, seconds = cpu_seconds(server.pid) - before, time.monotonic() - started
    if result["refused"] or result["broken"]:
        raise RuntimeError(f"not every notification was accepted: {result}")
    return result["accepted"] / used, result["accepted"] / seconds


def fsyncs_per_second() -> float:
    """How often a plain loop can append 200 bytes and sync, on the disk of the state folders."""
    with tempfile.TemporaryFile(dir=BUILD, buffering=0) as file:
        count, started = 0, time.monotonic()
        while (seconds := time.monotonic() - started) < _FSYNC_SECONDS:
            file.write(bytes(200))
            os.fsync(file.fileno())
            count += 1
    return count / seconds


def times(rounds: int, say: Progress) -> Iterator[Figure]:
    """How long an operator waits."""
    ready, status, version = [], [], []
    for number in range(rounds):
        say(f"start-up, round {number + 1} of {rounds}")
        with notifyd() as server:
            ready.append(server.ready_seconds)
            status.append(_seconds(lambda server=server: notifyctl(server.socket, "status")))
        version.append(
            _seconds(lambda: subprocess.run([BIN / "notifyctl", "--version"], check=True, capture_output=True))
        )
    yield Figure("daemon ready", "s", median(ready), aim="under 1.5 s")
    yield Figure("notifyctl status", "s", median(status), aim="under 0.4 s")
    yield Figure("notifyctl --version", "s", median(version), aim="under 0.2 s")


def _seconds(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


ALL: dict[str, Callable[[int, Progress], Iterator[Figure]]] = {
    "fan-out": fan_out,
    "connections": connections,
    "socketio": socketio,
    "grpc": grpc,
    "rest": rest,
    "redis": over_redis,
    "times": times,
}
