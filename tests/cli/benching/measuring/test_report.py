"""What objectives are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyctl.benching.measuring import report, slo
from notifyctl.benching.measuring.histogram import Histogram
from notifyctl.benching.measuring.meter import Look, Meter
from notifyctl.benching.measuring.tally import Arrivals, Tally
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from notifyctl.showing.output import Record


def lengths(*seconds: float) -> Histogram:
    made = Histogram()
    for each in seconds:
        made.record(each)
    return made


def summary(**changes: Any) -> Record:
    """A run of fan-out with two errors among ten, and a delivery missing of forty."""
    tally, arrivals = Tally(), Arrivals()
    tally.worked(0.001, 8)
    tally.broke("queue_full", 2)
    arrivals.settle(8, [8, 8, 8, 8, 7])
    arrivals.received = 39
    return {
        "operations": report.operations(tally, 2.0),
        "deliveries": report.deliveries(arrivals, 2.0),
        "latency": report.latency(lengths(0.010, 0.030)),
        "acceptLatency": report.latency(lengths(0.001)),
        "rate": 19.5,
        "client": {"cpuShare": 0.4},
        "unrecovered": 3,
    } | changes


HISTOGRAMS = {"": lengths(0.010, 0.030), "accepted": lengths(0.001)}


@pytest.mark.parametrize(
    ("clause", "actual"),
    [
        ("p50<1s", 0.010), ("p99.9<1s", 0.030), ("max<1s", 0.030), ("mean<1s", 0.020), ("accepted.p99<1s", 0.001),
        ("accepted.max<1s", 0.001), ("errors<9", 2), ("errors<50%", 0.2), ("missing<9", 1), ("missing<50%", 0.025),
        ("rate>1", 19.5), ("client<99%", 0.4),
    ],
)  # fmt: skip
def test_every_metric_finds_its_figure(clause: str, actual: float):
    (verdict,) = slo.judge(
        slo.parse(clause, report.METRICS["fanout"]), lambda name: report.objective(summary(), HISTOGRAMS, name)
    )
    assert verdict.actual == pytest.approx(actual, rel=0.01)
    assert verdict.met


def test_what_a_storm_tells_too():
    assert report.objective(summary(), HISTOGRAMS, "unrecovered") == 3


def test_a_run_that_ended_before_it_measured_has_no_figures():
    nothing = summary(
        operations=report.operations(Tally(), 0.0), deliveries=None, latency=None, acceptLatency=None, rate=None,
        client=None,
    )  # fmt: skip
    nothing.pop("unrecovered")
    names = ("p99", "mean", "accepted.max", "errors%", "missing", "missing%", "rate", "client", "unrecovered")
    empty = {"": Histogram(), "accepted": Histogram()}
    assert {report.objective(nothing, empty, name) for name in names} == {None}


def stats(**fields: Any) -> Any:
    return pb.Stats(nodes=1, **fields)


def measured(begin: Any, end: Any) -> Meter:
    """Ten seconds in which this process used 4 and the machine 15 seconds of processors."""
    meter = Meter(None)
    meter.rest = Look(-5.0, 0.0, 0.0, begin)
    meter.begin = Look(0.0, 1.0, 100.0, begin)
    meter.end = Look(10.0, 5.0, 115.0, end)
    return meter


def test_what_was_spent():
    meter = measured(stats(cpu_seconds=20.0, resident_bytes=1000), stats(cpu_seconds=25.0, resident_bytes=5000))
    spent = report.daemon(meter, done=1000, connections=10)
    assert spent is not None
    assert (spent["cpuSeconds"], spent["cpuShare"], spent["donePerCpuSecond"]) == (5.0, 0.5, 200.0)
    assert (spent["residentGrowthBytes"], spent["growthBytesPerConnection"]) == (4000, 400)
    assert report.client(meter, Histogram())["cpuShare"] == 0.4
    assert report.machine(meter, 2, with_daemon=True) == {"processors": 2, "cpuShare": 1.5, "othersCpuShare": 0.6}
    assert report.machine(meter, 2, with_daemon=False)["othersCpuShare"] == 1.1


def test_figures_of_other_nodes_than_before_tell_nothing():
    assert report.daemon(measured(stats(), pb.Stats(nodes=2)), done=1, connections=0) is None
    assert report.daemon(measured(stats(), None), done=1, connections=0) is None
