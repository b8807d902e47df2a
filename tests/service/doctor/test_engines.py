from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import Finding, Verdict
from notifyd.service.doctor.engines import EngineCheck, LocalBrokerCheck, RecordsCheck
from notifyd.store.open import open_broker, open_records
from notifyd.store.options import BrokerOptions

if TYPE_CHECKING:
    from pathlib import Path


def judged(facts: str) -> list[Finding]:
    return [Finding("broker", Verdict.OK, facts)]


async def test_an_engine_is_asked_and_judged():
    async def ask() -> str:
        await trio.lowlevel.checkpoint()
        return "the facts"

    assert await EngineCheck("broker", "Redis", ask, judged, harm="h").look() == judged("the facts")


async def test_an_engine_that_does_not_answer():
    async def ask() -> str:
        await trio.lowlevel.checkpoint()
        raise StoreUnavailable("refused")

    (finding,) = await EngineCheck("broker", "Redis", ask, judged, harm="all stops").look()
    assert (finding.verdict, finding.found) == (Verdict.FAILED, "Redis does not answer: refused; all stops")


async def test_a_broker_in_memory_is_worth_a_warning():
    broker = await open_broker(BrokerOptions(durability="memory"))
    (finding,) = await LocalBrokerCheck(broker, "memory").look()
    assert finding.verdict is Verdict.WARNING


async def test_records_are_written_to_find_out(tmp_path: Path):
    records = await open_records("sqlite:", tmp_path)
    try:
        (finding,) = await RecordsCheck(records, "sqlite").look()
    finally:
        await records.close()
    assert finding == Finding("records", Verdict.OK, "sqlite, read and written")
