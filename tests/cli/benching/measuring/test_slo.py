"""Objectives: the grammar, and what they are compared with."""

import pytest

from notifyctl.benching.measuring.report import METRICS
from notifyctl.benching.measuring.slo import Kind, Unclear, judge, parse

FANOUT = METRICS["fanout"]


def test_clauses():
    clauses = parse("p99<50ms, errors<0.1%,rate>=1.5k,missing=0,p99.9<=2s,accepted.p50<300us", FANOUT)
    said = [(clause.metric, clause.sign, clause.limit) for clause in clauses]
    assert said == [
        ("p99", "<", pytest.approx(0.05)),
        ("errors", "<", pytest.approx(0.001)),
        ("rate", ">=", 1500),
        ("missing", "=", 0),
        ("p99.9", "<=", 2),
        ("accepted.p50", "<", pytest.approx(0.0003)),
    ]
    assert [clause.kind for clause in clauses[:3]] == [Kind.TIME, Kind.SHARE, Kind.NUMBER]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is no objective; write METRIC<VALUE"),
        ("p99", "'p99' is no objective"),
        ("p99<50ms,", "'' is no objective"),
        ("p99<50", "'p99<50': '50' is not a length of time such as 50ms"),
        ("p99<5%", "'5%' is not a length of time"),
        ("rate>50ms", "'50ms' is not a number"),
        ("errors<5ms", "'5ms' is not a number such as 0, or a share"),
        ("client<90", "'90' is not a share such as 0.1%"),
        ("p99<-1ms", "'-1ms' is not a length of time"),
        ("p999<1ms", "'p999' is not measured by this benchmark; did you mean 'p99.9'?"),
        ("error<1%", "did you mean 'errors'?"),
        ("goodness>1", "it measures p50, p99.9, mean, max, errors, rate, client, missing"),
        ("p99!50ms", "is no objective"),
    ],
)
def test_what_is_unclear_is_said(text: str, said: str):
    with pytest.raises(Unclear) as problem:
        parse(text, FANOUT)
    assert said in str(problem.value)


@pytest.mark.parametrize(("benchmark", "text"), [("publish", "missing=0"), ("storm", "accepted.p99<1s")])
def test_a_benchmark_is_judged_by_what_it_measures_alone(benchmark: str, text: str):
    with pytest.raises(Unclear, match="is not measured by this benchmark"):
        parse(text, METRICS[benchmark])


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("p99<51ms", True), ("p99<50ms", False), ("p99<=50ms", True), ("p99>49ms", True), ("p99>=51ms", False),
        ("errors=3", True), ("errors<3", False), ("errors<1%", False), ("errors<=1.5%", True),
    ],
)  # fmt: skip
def test_verdict(text: str, met: bool):
    figures = {"p99": 0.05, "errors": 3.0, "errors%": 0.015}
    assert [verdict.met for verdict in judge(parse(text, FANOUT), figures.get)] == [met]


def test_what_was_not_measured_is_a_breach():
    (verdict,) = judge(parse("p99<60m", FANOUT), {}.get)
    assert (verdict.actual, verdict.met) == (None, False)
