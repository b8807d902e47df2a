"""What a run has found, as one record with names that stay, and what objectives are compared with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notifyctl.benching.measuring.slo import Kind, percentile_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyctl.benching.measuring.histogram import Histogram
    from notifyctl.benching.measuring.meter import Look, Meter
    from notifyctl.benching.measuring.slo import Verdict
    from notifyctl.benching.measuring.tally import Arrivals, Tally
    from notifyctl.showing.output import Record

_PERCENTILES: Final = {"p50Seconds": 50.0, "p90Seconds": 90.0, "p99Seconds": 99.0, "p999Seconds": 99.9}
#: What every benchmark measures.
_ALWAYS: Final[Mapping[str, Kind]] = {
    "p": Kind.TIME,
    "mean": Kind.TIME,
    "max": Kind.TIME,
    "errors": Kind.COUNT,
    "rate": Kind.NUMBER,
    "client": Kind.SHARE,
}
#: What those measure as well that publish to subscribers.
_DELIVERED: Final[Mapping[str, Kind]] = {
    "missing": Kind.COUNT,
    "accepted.p": Kind.TIME,
    "accepted.mean": Kind.TIME,
    "accepted.max": Kind.TIME,
}
METRICS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "connect": _ALWAYS,
    "publish": _ALWAYS,
    "fanout": {**_ALWAYS, **_DELIVERED},
    "latency": {**_ALWAYS, **_DELIVERED},
    "storm": {**_ALWAYS, "missing": Kind.COUNT, "unrecovered": Kind.NUMBER},
}
"""What the objectives of each benchmark may be about."""

LATENCY_FIELDS: Final = ("count", "minSeconds", "meanSeconds", *_PERCENTILES, "maxSeconds")
"""What is told of latencies."""


def latency(lengths: Histogram) -> Record | None:
    """The figures of a histogram, in seconds; None where nothing was measured."""
    if not lengths.count:
        return None
    return {
        "count": lengths.count,
        "minSeconds": lengths.least,
        "meanSeconds": lengths.mean,
        **{name: lengths.percentile(percent) for name, percent in _PERCENTILES.items()},
        "maxSeconds": lengths.most,
    }


def operations(tally: Tally, elapsed_seconds: float) -> Record:
    """What became of connections, or of notifications that were published."""
    return {
        "attempted": tally.attempted,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "requests": tally.requests,
        "perSecond": _per(tally.succeeded, elapsed_seconds),
        "errors": dict(tally.errors.most_common()),
    }


def deliveries(arrivals: Arrivals | None, elapsed_seconds: float) -> Record | None:
    """What became of deliveries; None where there were to be none."""
    if arrivals is None:
        return None
    return {
        "expected": arrivals.expected,
        "received": arrivals.received,
        "missing": arrivals.missing,
        "extra": arrivals.extra,
        "perSecond": _per(arrivals.received, elapsed_seconds),
    }


def client(meter: Meter, late: Histogram) -> Record:
    """What this process spent, and how late it woke up for what it had to do."""
    assert meter.begin is not None, "it was measured"
    assert meter.end is not None, "it was measured"
    spent = meter.end.client_cpu_seconds - meter.begin.client_cpu_seconds
    return {
        "cpuSeconds": round(spent, 3),
        "cpuShare": _per(spent, meter.elapsed_seconds, 3),
        "lateP99Seconds": late.percentile(99),
    }


def machine(meter: Meter, processors: int, *, with_daemon: bool) -> Record:
    """How busy the machine of this process was, of *processors* that it may use; 1.0 for one of them.

    What others used is neither this process nor, where the machine is its own too (*with_daemon*), the daemon.
    """
    assert meter.begin is not None, "it was measured"
    assert meter.end is not None, "it was measured"
    spent = meter.end.machine_cpu_seconds - meter.begin.machine_cpu_seconds
    others = spent - (meter.end.client_cpu_seconds - meter.begin.client_cpu_seconds)
    if with_daemon and _told(meter.begin, meter.end):
        others -= meter.end.stats.cpu_seconds - meter.begin.stats.cpu_seconds
    elapsed = meter.elapsed_seconds
    return {
        "processors": processors,
        "cpuShare": _per(spent, elapsed, 3),
        "othersCpuShare": _per(max(0.0, others), elapsed, 3),
    }


def daemon(meter: Meter, *, done: int, connections: int) -> Record | None:
    """What the daemon spent on *done* deliveries (or notifications, or connections); None where it does not tell.

    Of a cluster it is the sum over the nodes.
    """
    if not _told(meter.rest, meter.begin, meter.end):
        return None
    rest, begin, end = (look.stats for look in (meter.rest, meter.begin, meter.end) if look is not None)
    spent = end.cpu_seconds - begin.cpu_seconds
    growth = end.resident_bytes - rest.resident_bytes
    return {
        "nodes": end.nodes,
        "cpuSeconds": round(spent, 3),
        "cpuShare": _per(spent, meter.elapsed_seconds, 3),
        "donePerCpuSecond": _per(done, spent),
        "residentBytes": end.resident_bytes,
        "residentGrowthBytes": growth,
        "growthBytesPerConnection": round(growth / connections) if connections and growth > 0 else None,
        "queued": end.queue.waiting,
        "slowConsumers": end.slow_consumers - begin.slow_consumers,
        "errors": end.errors - begin.errors,
    }


def _told(*looks: Look | None) -> bool:
    nodes = {look.stats.nodes for look in looks if look is not None and look.stats is not None}
    return all(look is not None and look.stats is not None for look in looks) and len(nodes) == 1


def _per(count: float, seconds: float, digits: int = 1) -> float | None:
    return round(count / seconds, digits) if seconds > 0 else None


def figure(record: Record, name: str) -> float | None:
    """What objectives call *name* in a run's *record*; None where it was not measured."""
    tried = record["operations"]
    landed = record["deliveries"] or {}
    plain: dict[str, Any] = {
        "errors": tried["failed"],
        "errors%": tried["failed"] / tried["attempted"] if tried["attempted"] else None,
        "missing": landed.get("missing"),
        "missing%": landed["missing"] / landed["expected"] if landed.get("expected") else None,
        "rate": record["rate"],
        "client": (record["client"] or {}).get("cpuShare"),
        "unrecovered": record.get("unrecovered"),
    }
    if name in plain:
        value = plain[name]
        return None if value is None else float(value)
    prefix, _, what = name.rpartition(".") if name.endswith(("mean", "max")) else ("", "", name)
    lengths = record["acceptLatency" if prefix else "latency"] or {}
    value = lengths.get(f"{what}Seconds")
    return None if value is None else float(value)


def objective(record: Record, histograms: Mapping[str, Histogram], name: str) -> float | None:
    """As `figure`, and any percentile of the histogram of its prefix."""
    named = percentile_of(name)
    if named is None:
        return figure(record, name)
    lengths = histograms.get(named[0].rstrip("."))
    return lengths.percentile(named[1]) if lengths is not None else None


def verdicts(judged: list[Verdict]) -> list[Record]:
    """The objectives and what became of them."""
    return [
        {"clause": each.clause.text, "kind": each.clause.kind.name, "actual": each.actual, "met": each.met}
        for each in judged
    ]
