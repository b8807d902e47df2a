from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.app.doctor import compose_doctor
from notifyd.model.diagnosis import Verdict
from tests.app.composed import MASTER_KEY, composed, loaded_with
from tests.valkey import link, redis_options, valkey

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from notifyd.app.graph import Graph
    from notifyd.redislink.link import Link

#: What is looked at with every engine.
ALWAYS = (
    "daemon", "configuration", "descriptors", "state-folder", "disk", "master-key", "broker", "records",
)  # fmt: skip

__all__ = ["link", "redis_options", "valkey"]


@pytest.fixture
async def graph(tmp_path: Path, nursery: trio.Nursery) -> Graph:
    return await composed(loaded_with(tmp_path), nursery)


async def verdicts(graph: Graph, link: Link | None = None) -> dict[str, Verdict]:
    findings = await compose_doctor(graph, lambda: graph.loaded.settings, link).diagnose()
    return {finding.name: finding.verdict for finding in findings}


async def test_the_daemon_its_machine_and_its_engines_are_looked_at(graph: Graph, tmp_path: Path):
    found = await verdicts(graph)
    assert tuple(found) == ALWAYS
    assert found["broker"] is Verdict.WARNING  # it is in memory
    assert found["master-key"] is Verdict.FAILED  # nobody has written it


async def test_the_master_key_in_use_is_looked_for(graph: Graph, tmp_path: Path):
    write_secret(tmp_path / "master.key", MASTER_KEY.hex())
    assert (await verdicts(graph))["master-key"] is Verdict.OK


async def test_with_redis_it_is_asked(graph: Graph, link: Link):
    found = await verdicts(graph, link)
    assert {"broker", "broker-persistence", "broker-eviction", "broker-memory", "clock"} <= set(found)
    assert found["broker"] is Verdict.OK


def write_secret(path: Path, line: str) -> None:
    path.write_text(f"{line}\n")
    path.chmod(0o600)
