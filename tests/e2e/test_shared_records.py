"""Two daemons on one MongoDB, and one whose MongoDB goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.daemon import Daemon, DaemonFailed
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import connect
from tests.mongo_double.fixtures import database
from tests.mongo_double.server import MongoDouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.fixtures import Starter

#: DESIGN section 8: on every node.
SECONDS = 5.0


@pytest.fixture
def double() -> Iterator[MongoDouble]:
    with MongoDouble() as double:
        yield double


@pytest.mark.slow  # tests/contract/test_revision.py is the quick round
@within(60)
async def test_what_one_daemon_does_to_a_key_the_other_knows_soon(start: Starter, tmp_path: Path) -> None:
    shared = f"records.master_key_file={tmp_path / 'shared.key'}"
    with database() as uri:
        settings = (f"records.url={uri}", shared, "records.refresh_seconds=0.2")
        here, there = [await start(*settings) for _ in range(2)]
        issued = await there.new_key()
        async with connect(here.ws_url) as peer:
            await until_known(here, issued["keyId"])
            await peer.authenticate(issued["apiKey"])
            async with there.rest() as client:
                assert (await client.call("DELETE", f"/api/keys/{issued['keyId']}")).status == 200
            with trio.fail_after(SECONDS * PATIENCE):
                assert (await peer.ended()).code == 4004
        status = (await here.ctl("status", "-o", "json")).json
        assert {engine["engine"] for engine in status["engines"] if engine["name"] == "records"} == {"mongodb"}
        # both end before their database does
        assert [await daemon.terminate() for daemon in (here, there)] == [0, 0]


async def until_known(daemon: Daemon, key_id: str) -> None:
    with trio.fail_after(SECONDS * PATIENCE):
        async with daemon.rest() as client:
            while (await client.call("GET", f"/api/keys/{key_id}")).status != 200:
                pass


@pytest.mark.slow
@within(60)
async def test_without_its_records_a_daemon_goes_on_with_what_it_knows(start: Starter, double: MongoDouble) -> None:
    daemon = await start(f"records.url={double.uri()}", "records.timeout_seconds=0.5")
    key = await daemon.key()
    double.go()
    async with daemon.rest(key) as client, connect(daemon.ws_url) as peer:
        refused = await client.call("POST", "/api/keys", {"clientName": "e2e"})
        assert (refused.status, refused.json["error"]["code"]) == (503, "store_unavailable")
        assert double.address not in refused.json["error"]["message"]
        await peer.authenticate(key)
        await peer.subscribe("news")
        accepted = await client.call("POST", "/api/notifications", {"channel": "news", "data": 1})
        assert (accepted.status, (await peer.notification())["data"]) == (202, 1)
        double.come()
        with trio.fail_after(SECONDS * PATIENCE):
            while (await client.call("POST", "/api/keys", {"clientName": "e2e"})).status != 201:
                pass
        with trio.fail_after(SECONDS * PATIENCE):
            while not daemon.entries("records_recovered"):
                await client.call("GET", "/api/health")
    daemon.forgive("records_failed")


@pytest.mark.slow
@within(30)
async def test_a_daemon_without_its_records_does_not_start(start: Starter, double: MongoDouble) -> None:
    double.go()
    url = f"mongodb://user:geheim@{double.address}/prod"
    daemon = await start(f"records.url={url}", "records.timeout_seconds=0.5", started=False)
    with pytest.raises(DaemonFailed) as failed:
        await daemon.start()
    assert await daemon.ended() == 1
    assert f"notifyd: MongoDB at {double.address} (database prod): " in str(failed.value)
    assert "geheim" not in str(failed.value)
    assert "Traceback" not in str(failed.value)
    daemon.stderr = []
