from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import Finding, Verdict
from notifyd.service.doctor import Doctor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio.testing import MockClock


class Slow:
    """Finds something after a while."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self._seconds = seconds

    async def look(self) -> Sequence[Finding]:
        await trio.sleep(self._seconds)
        return [Finding(self.name, Verdict.OK, "all is well")]


class Broken:
    name = "broken"

    async def look(self) -> Sequence[Finding]:
        await trio.lowlevel.checkpoint()
        raise StoreUnavailable("the disk is gone")


async def test_findings_come_in_the_order_of_the_checks(autojump_clock: MockClock):
    findings = await Doctor((Slow("a", 3), Slow("b", 1))).diagnose()
    assert [finding.name for finding in findings] == ["a", "b"]
    assert trio.current_time() < 4


async def test_a_check_that_hangs_has_failed_and_holds_nobody_up(autojump_clock: MockClock):
    with trio.fail_after(2):
        late, fine = await Doctor((Slow("a", 60), Slow("b", 0)), patience_seconds=1).diagnose()
    assert (late.name, late.verdict) == ("a", Verdict.FAILED)
    assert late.found == "there was no answer within 1 s"
    assert fine.verdict is Verdict.OK


async def test_a_refusal_is_a_finding():
    (finding,) = await Doctor((Broken(),)).diagnose()
    assert (finding.name, finding.verdict, finding.found) == ("broken", Verdict.FAILED, "the disk is gone")
