from __future__ import annotations

from types import SimpleNamespace

import pytest

from notifyd.model.diagnosis import Verdict
from notifyd.service.doctor.jobs import JobsCheck


@pytest.mark.parametrize(
    ("detail", "others", "verdict", "advice"),
    [
        ("", (), Verdict.OK, ""),
        ("no jobs are taken: away", (), Verdict.WARNING, "bullmq.url"),
        ("other services take jobs from bull:q: desk", ("desk",), Verdict.WARNING, "bullmq.prefix"),
    ],
)
async def test_whether_jobs_come_to_this_service_alone(
    detail: str, others: tuple[str, ...], verdict: Verdict, advice: str
) -> None:
    source = SimpleNamespace(queue="bull:q", detail=detail, others=others)
    [finding] = await JobsCheck(source).look()
    assert (finding.name, finding.verdict) == ("bullmq", verdict)
    assert finding.found == (detail or "this service alone takes jobs from bull:q")
    assert advice in finding.advice
