"""The verdict of a soak can be bad, for each thing that it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.soak.samples import Sample, metrics
from tests.soak.verdict import MIB, TOLERANCES, table, verdict

if TYPE_CHECKING:
    from tests.soak.samples import Phase

CALM: dict[str, Any] = {
    "resident_bytes": 60 * MIB, "open_files": 20, "threads": 10, "tasks": 30, "connections": 0, "subscriptions": 0,
    "unacked": 0, "outbox_bytes": 0, "sessions": 0, "database_bytes": 10 * MIB, "cpu_seconds": 1.0,
    "accepted": 1, "deliveries": 1, "opened": 1, "slow_consumers": 0,
}  # fmt: skip


def samples(phase: Phase, count: int = 3, **more: float) -> list[Sample]:
    return [Sample(phase=phase, at=float(n), **{**CALM, **more}) for n in range(count)]


def bad(taken: list[Sample]) -> list[str]:
    return [row.name for row in verdict(taken) if not row.good]


def soak(*, load: list[Sample] | None = None, after: list[Sample] | None = None) -> list[Sample]:
    busy = load or samples("load", 20, connections=200, tasks=500, resident_bytes=90 * MIB)
    return [
        *samples("warm-up", connections=300),
        *samples("quiet before"),
        *busy,
        *(after or samples("quiet after")),
    ]


def test_where_everything_came_back_the_verdict_is_good() -> None:
    assert bad(soak()) == []
    assert not any("DID NOT" in line for line in table(verdict(soak())))


@pytest.mark.parametrize("tolerance", TOLERANCES, ids=lambda tolerance: tolerance.field)
def test_whatever_does_not_come_back_is_found(tolerance: Any) -> None:
    before = CALM[tolerance.field]
    most = before + max(tolerance.more, tolerance.share * before)
    assert bad(soak(after=samples("quiet after", **{tolerance.field: most}))) == []
    kept = soak(after=samples("quiet after", **{tolerance.field: most + 1}))
    assert bad(kept) == [tolerance.field]
    assert sum("DID NOT COME BACK" in line for line in table(verdict(kept))) == 1


def test_one_look_into_a_busy_moment_counts_for_nothing() -> None:
    after = [*samples("quiet after", 4), *samples("quiet after", 1, connections=5, tasks=90)]
    assert bad(soak(after=after)) == []


def test_memory_that_rises_all_the_time_is_found() -> None:
    flat = samples("load", 20, resident_bytes=90 * MIB)
    rising = [msgspec.structs.replace(one, resident_bytes=(90 + 2 * n) * MIB) for n, one in enumerate(flat)]
    assert bad(soak(load=rising)) == ["resident_bytes under load"]


def test_without_a_phase_there_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="quiet after"):
        verdict([*samples("quiet before"), *samples("load")])


def test_metrics_of_one_name_are_summed() -> None:
    told = metrics(
        b'# HELP notifyd_tasks x\nnotifyd_tasks 12.0\nnotifyd_connections{transport="sse"} 2.0\n'
        b'notifyd_connections{transport="rpc"} 3.0\nprocess_open_fds 9.0\nnotifyd_deliveries_total 1e+06\n'
    )
    assert told == {"tasks": 12.0, "connections": 5.0, "deliveries_total": 1e6}
