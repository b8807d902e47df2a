"""The summary for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from notifyctl.benching.showing.screen import HINTS, show
from notifyd.config.catalogue import catalogue

if TYPE_CHECKING:
    import pytest

    from notifyctl.showing.output import Record

LENGTHS = {"count": 9, **{f"{name}Seconds": 0.00425 for name in ("min", "mean", "p50", "p90", "p99", "p999", "max")}}


def summary(**changes: Any) -> Record:
    """A run of fan-out in which all went well."""
    return {
        "benchmark": "fanout",
        "target": "ws://127.0.0.1:3001",
        "elapsedSeconds": 10.0,
        "interrupted": False,
        "settings": {"via": "http"},
        "operations": {"attempted": 200, "succeeded": 200, "failed": 0, "perSecond": 20.0, "errors": {}},
        "deliveries": {"expected": 200_000, "received": 200_000, "missing": 0, "extra": 0, "perSecond": 20_000.0},
        "latency": LENGTHS,
        "acceptLatency": LENGTHS,
        "bytes": {"sent": 2048, "received": 3 * 1024**2},
        "client": {"cpuSeconds": 4.0, "cpuShare": 0.4},
        "machine": {"processors": 2, "cpuShare": 0.6, "othersCpuShare": 0.05},
        "daemon": {
            "cpuShare": 0.15, "donePerCpuSecond": 133_333.3, "slowConsumers": 0, "queued": 0,
            "residentGrowthBytes": 9 * 1024**2, "residentBytes": 70 * 1024**2, "growthBytesPerConnection": 9437,
        },
        "slo": [],
    } | changes  # fmt: skip


def shown(capsys: pytest.CaptureFixture[str], record: Record) -> list[str]:
    show(record)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_good_run(capsys: pytest.CaptureFixture[str]):
    assert shown(capsys, summary()) == [
        "fanout ws://127.0.0.1:3001 over REST 10.0 s",
        "Latency p50 p90 p99 p99.9 max",
        "until it arrived 4.25 ms 4.25 ms 4.25 ms 4.25 ms 4.25 ms",
        "until it was accepted 4.25 ms 4.25 ms 4.25 ms 4.25 ms 4.25 ms",
        "Deliveries 200,000, 20,000/s, 0 missing",
        "Published 200, 20.0/s, 0 errors",
        "Bytes 3.0 MiB received, 2.0 KiB published",
        "Daemon 15 % of a processor, 133,333 deliveries per CPU-second",
        "Its memory +9.0 MiB, to 70.0 MiB",
        "This client 40 % of a processor",
        "This machine 0.6 of 2 processors busy",
    ]


def test_what_went_wrong_is_said(capsys: pytest.CaptureFixture[str]):
    tried = {"attempted": 200, "succeeded": 150, "failed": 50, "perSecond": 15.0, "errors": {"queue_full": 50}}
    landed = {"expected": 150, "received": 149, "missing": 1, "extra": 2, "perSecond": 14.9}
    slo = [
        {"clause": "p99<1ms", "kind": "TIME", "actual": 0.00425, "met": False},
        {"clause": "errors<50%", "kind": "SHARE", "actual": 0.25, "met": True},
        {"clause": "rate>1", "kind": "NUMBER", "actual": None, "met": False},
    ]
    lines = shown(capsys, summary(operations=tried, deliveries=landed, slo=slo, interrupted=True))
    assert lines[0].endswith("10.0 s (interrupted)")
    assert "Deliveries 149, 14.9/s, 1 missing, 2 beyond what was accepted" in lines
    assert "Published 150, 15.0/s, 50 errors (25 %)" in lines
    assert "50 queue_full dispatching lags: delivery.max_queue_size" in lines
    assert lines[-3:] == [
        "SLO p99<1ms BREACHED 4.25 ms",
        "SLO errors<50% met 25 %",
        "SLO rate>1 BREACHED not measured",
    ]


def test_a_client_at_its_limit_and_a_machine_with_other_work_are_said(capsys: pytest.CaptureFixture[str]):
    busy = {"client": {"cpuShare": 0.97}, "machine": {"processors": 2, "cpuShare": 1.9, "othersCpuShare": 0.8}}
    lines = shown(capsys, summary(**busy))
    assert "This client 97 % of a processor: at its own limit, the daemon may do more" in lines
    assert "This machine 1.9 of 2 processors busy, 0.8 of them with other things" in lines


def test_nothing_was_measured(capsys: pytest.CaptureFixture[str]):
    nothing = summary(latency=None, acceptLatency=None, deliveries=None, client=None, daemon=None, benchmark="connect")
    assert "Connections 200, 20.0/s, 0 errors" in shown(capsys, nothing)


def test_settings_that_are_named_exist():
    assert set(re.findall(r"\b[a-z]+\.[a-z_]+\b", " ".join(HINTS.values()))) <= set(catalogue())
