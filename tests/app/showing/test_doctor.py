from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.app.showing.doctor import compose_doctor, secret_files
from notifyd.model.diagnosis import Verdict
from tests.app.composed import MASTER_KEY, composed, loaded_with
from tests.app.listeners.test_tls import make
from tests.valkey import link, redis_options, valkey

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from notifyd.app.parts.graph import Graph
    from notifyd.redislink.link import Link

#: What is looked at with every engine.
ALWAYS = (
    "daemon", "configuration", "listeners", "backlog", "descriptors", "memory", "state-folder", "disk", "secret-files",
    "leftovers", "disk-sync", "clock-steps", "master-key", "broker", "records",
)  # fmt: skip
#: What is looked at where the settings name it.
CONFIGURED = ("tls", "push", "bullmq")

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


async def test_a_certificate_and_push_credentials_are_looked_at_where_there_are_any(tmp_path: Path, nursery):
    certificate, key = make(tmp_path, "push.example")
    flags = {
        "server.tls_certificate": str(certificate), "server.tls_key": str(key), "push.firebase_project_id": "p",
        "push.firebase_client_email": "a@b.iam.gserviceaccount.com", "push.firebase_private_key": "none",
        "bullmq.url": "redis://127.0.0.1:1", "bullmq.enabled": "true",
    }  # fmt: skip
    graph = await composed(loaded_with(tmp_path, flags), nursery)
    found = await verdicts(graph)
    assert set(found) == {*ALWAYS, *CONFIGURED}
    # nothing has loaded the certificate here, and the key is none
    assert (found["tls"], found["push"]) == (Verdict.WARNING, Verdict.FAILED)


def test_files_with_secrets_are_those_that_the_settings_name(tmp_path: Path):
    text = f"""
        [records]
        url = "mongodb://u:hunter2@127.0.0.1/x"
        [server]
        tls_certificate = "{tmp_path}/a.pem"
        tls_key = "{tmp_path}/a.key"
        [[webhooks]]
        name = "audit"
        url = "http://127.0.0.1:1/"
    """
    loaded = loaded_with(tmp_path, text=text)
    assert [path for path, _ in secret_files(loaded)] == [
        tmp_path / "a.key", tmp_path / "notifyd.toml", tmp_path / "webhooks" / "audit.secret",
    ]  # fmt: skip


def write_secret(path: Path, line: str) -> None:
    path.write_text(f"{line}\n")
    path.chmod(0o600)
