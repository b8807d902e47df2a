"""`notifyctl bench` against the daemon itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyctl.exits import Status
from tests.cli.benching.test_told import SECTION, words
from tests.e2e.patience import within
from tests.e2e.service import service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.daemon import Daemon, Finished

__all__ = ["service"]

pytestmark = pytest.mark.slow
#: Without limits, so that REST is published to.
SETTINGS = ("limits.enabled=false",)


async def bench(daemon: Daemon, *args: str, status: int = 0) -> Finished:
    done = await daemon.ctl("bench", *args)
    assert done.status == status, done.err
    return done


async def keys_left(daemon: Daemon) -> list[Any]:
    return [key for key in (await daemon.ctl("keys", "list", "-o", "json")).json if "bench" in key["name"]]


@within(30)
async def test_fan_out_reaches_every_subscriber(service: Daemon):
    load = ["--subscribers", "5", "--count", "20", "--warmup", "0s"]
    slo = "missing=0,errors=0,p99<30s,accepted.p50<30s,rate>0"
    done = (await bench(service, "fanout", *load, "--slo", slo, "-o", "json")).json
    assert done["settings"]["via"] == "http"
    assert done["operations"]["succeeded"] == 20
    landed = done["deliveries"]
    assert (landed["expected"], landed["received"], landed["missing"], landed["extra"]) == (100, 100, 0, 0)
    assert (done["latency"]["count"], done["acceptLatency"]["count"]) == (100, 20)
    assert done["daemon"]["cpuSeconds"] >= 0
    assert [verdict["met"] for verdict in done["slo"]] == [True] * 5
    assert set(done) <= words(SECTION)
    assert await keys_left(service) == []


@within(60)
async def test_connections_are_opened_and_held(service: Daemon):
    done = (await bench(service, "connect", "-C", "50", "--hold", "100ms", "-o", "json")).json
    assert (done["operations"]["succeeded"], done["operations"]["failed"]) == (50, 0)
    assert done["deliveries"] is None
    assert done["latency"]["count"] == 50


@within(60)
@pytest.mark.parametrize("via", ["http", "websocket", "admin"])
@pytest.mark.parametrize("batch", ["1", "10"])
async def test_every_way_publishes_what_it_counts(service: Daemon, via: str, batch: str):
    before = (await service.ctl("stats", "-o", "json")).json["accepted"]
    done = (
        await bench(service, "publish", "--via", via, "-b", batch, "-n", "200", "--warmup", "0s", "-o", "json")
    ).json
    after = (await service.ctl("stats", "-o", "json")).json["accepted"]
    assert (done["operations"]["succeeded"], after - before) == (200, 200)
    assert done["operations"]["requests"] == 200 // int(batch)


@within(60)
async def test_a_storm_loses_nothing(service: Daemon):
    load = ["-C", "30", "--rounds", "2", "--rate", "50"]
    done = (await bench(service, "storm", *load, "--slo", "missing=0,unrecovered=0,errors=0", "-o", "json")).json
    assert [each["returned"] for each in done["rounds"]] == [30, 30]
    assert done["operations"]["succeeded"] == 60
    assert (done["deliveries"]["missing"], done["unrecovered"]) == (0, 0)


@within(60)
async def test_a_breached_objective_ends_with_1_and_is_named(service: Daemon):
    args = ["latency", "-d", "300ms", "--warmup", "0s", "--slo", "p50<1us,errors=0", "-o", "json"]
    done = await bench(service, *args, status=Status.FAILED)
    assert json.loads(done.err)["error"]["code"] == "slo_breached"
    assert json.loads(done.err)["error"]["message"] == "Breached: p50<1us."
    assert [verdict["met"] for verdict in done.json["slo"]] == [False, True]


@within(60)
async def test_a_url_with_a_key(service: Daemon, tmp_path: Path):
    key = tmp_path / "key"
    key.write_text(await service.key())
    at = ["--url", service.http_url, "--key-file", str(key)]
    done = (await bench(service, "fanout", *at, "-S", "2", "-n", "5", "--warmup", "0s", "-o", "json")).json
    assert done["deliveries"]["received"] == 10
    # it is the daemon of the admin socket as well
    assert done["daemon"] is not None
    key.write_text("wrong")
    refused = await bench(service, "connect", *at, "-C", "1", status=Status.DENIED)
    assert "key" in refused.err


@within(60)
async def test_ctrl_c_tells_what_there_was_and_takes_the_key_back(service: Daemon):
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "notifyctl", "bench", "latency", "-d", "1h", "--progress", "-o", "json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=service.environment(), cwd=service.folder,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stdout is not None
    said = b""
    while b"measuring" not in said:
        said += await process.stderr.receive_some()
    os.kill(process.pid, signal.SIGINT)
    out = b"".join([chunk async for chunk in process.stdout])
    assert await process.wait() == Status.INTERRUPTED
    await process.stdout.aclose()
    await process.stderr.aclose()
    assert json.loads(out)["interrupted"] is True
    assert await keys_left(service) == []


@within(60)
async def test_plain_and_quiet(service: Daemon):
    args = ["publish", "-n", "5", "--warmup", "0s"]
    lines = [line.split("\t") for line in (await bench(service, *args)).out.splitlines()]
    assert dict(lines)["operations.succeeded"] == "5"
    assert (await bench(service, *args, "-q")).out == ""
