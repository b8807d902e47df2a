"""Redis over TLS as companies run it: behind Sentinels, and as a cluster, with an authority of their own."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.model.ids import ClientId
from notifyd.store.redis.shards import shard_of
from tests.cli.authority import Authority
from tests.e2e.cluster import shared
from tests.e2e.daemon import DaemonFailed
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import join
from tests.e2e.test_redis_failures import forgive_all, outage, two
from tests.interop.programs import HERE, MODULES, npm_package, program, tool
from tests.redis_tls import addressed, named
from tests.valkey_groups import GROUP, Moving, running_cluster, running_group

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.test_redis_failures import Producer
    from tests.interop.programs import Program
    from tests.valkey_groups import Cluster, Group

pytestmark = pytest.mark.slow

QUEUE = "notifications"
FAILOVER_SECONDS = 30


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def secure(servers: Cluster | Group) -> str:
    return servers.url.replace("redis+", "rediss+", 1)


@asynccontextmanager
async def producer(folder: Path, prefix: str, place: Any) -> AsyncIterator[Program]:
    """A stock producer of BullMQ's jobs, with ioredis; *place* as its script wants it."""
    npm_package("bullmq")
    script = str(HERE / "scripts" / "bullmq.js")
    command = [tool("node"), script, json.dumps(place), QUEUE, prefix]
    async with program(*command, folder=folder, environ={"NODE_PATH": str(MODULES)}) as node:
        await node.until("ready")
        yield node


async def add(node: Program, number: int) -> None:
    """Add a job, which has to be completed."""
    data = {"clientId": "default", "channel": "c", "payload": {"n": number}}
    await node.say(json.dumps({"order": "add", "data": data, "opts": {"attempts": 20, "backoff": 200}}))
    told = json.loads(await node.until('"answer"'))
    assert told["answer"]["value"]["success"] is True, told


async def accepted_within(daemon: Daemon, key: str, number: int) -> None:
    """Publish until it is accepted."""
    with trio.fail_after(FAILOVER_SECONDS * PATIENCE):
        async with daemon.rest(key) as client:
            while True:
                body = {"channel": "c", "data": {"n": number}}
                reply = await client.call("POST", "/api/notifications", body, Idempotency_Key=f"k{number}")
                if reply.status == 202:
                    return
                assert reply.status == 503, reply
                await trio.sleep(0.05)


@within(90)
async def test_a_service_behind_sentinels_outlives_the_master(
    start: Starter, authority: Authority, tmp_path: Path
) -> None:
    with (
        running_group(kind=named(authority)) as group,
        shared(tmp_path, secure(group), f"broker.ca_file={authority.file}") as settings,
    ):
        daemon = await start(*settings)
        key = await daemon.key()
        async with join(daemon.ws_url, key, "c") as peer, daemon.rest(key) as client:
            await client.accept_batch("c", 5)
            found = await peer.notifications(5)
            await trio.to_thread.run_sync(group.replicated)
            old = group.master()
            old.kill()
            await accepted_within(daemon, key, 5)
            found.append(await peer.notification())
            assert [entry["data"]["n"] for entry in found] == list(range(6))
            assert [entry["offset"] for entry in found] == list(range(1, 7))
            assert len({entry["epoch"] for entry in found}) == 1
            assert group.master() is not old
        assert await daemon.terminate() == 0
        daemon.forgive("broker_failed")


@within(90)
async def test_jobs_come_from_the_master_that_the_sentinels_name(
    start: Starter, authority: Authority, tmp_path: Path
) -> None:
    with (
        running_group(kind=named(authority)) as group,
        shared(tmp_path, secure(group), f"broker.ca_file={authority.file}") as settings,
    ):
        tls = {"ca": authority.file.read_text()}
        sentinels = [{"host": one.host, "port": one.port} for one in group.sentinels]
        place = {
            "sentinels": sentinels,
            "name": GROUP,
            "tls": tls,
            "sentinelTLS": tls,
            "enableTLSForSentinelMode": True,
        }
        daemon = await start(*settings)
        async with (
            producer(tmp_path, "bull", place) as node,
            join(daemon.ws_url, await daemon.key(), "c") as peer,
        ):
            await add(node, 0)
            await trio.to_thread.run_sync(group.replicated)
            group.master().kill()
            with trio.fail_after(2 * FAILOVER_SECONDS * PATIENCE):
                await add(node, 1)
            assert [entry["data"]["n"] for entry in await peer.notifications(2)] == [0, 1]
        assert await daemon.terminate() == 0
        daemon.forgive("broker_failed")


@within(90)
async def test_a_slot_of_a_cluster_is_moved_while_it_is_used(
    start: Starter, authority: Authority, tmp_path: Path
) -> None:
    with running_cluster(kind=named(authority)) as cluster:

        async def trouble(producers: list[Producer]) -> None:
            for place in places:
                moving = await trio.to_thread.run_sync(Moving, cluster, place, cluster.another(place))
                # what belongs elsewhere goes on, before the first key is moved and between the others
                while await trio.to_thread.run_sync(moving.take, 1):
                    await producers[0].accepts_more(1)
                await trio.to_thread.run_sync(moving.end)
                await producers[0].accepts_more()

        # redis-py, which the consumer of jobs is made of, takes the name localhost for its address
        settings = (f"broker.ca_file={authority.file}", "bullmq.enabled=false", "broker.shards=4")
        async with two(start, tmp_path, secure(cluster), settings=settings) as pair:
            keys = pair.keys
            # the shard that the first producer's notifications are not in
            shard = (shard_of(ClientId(pair.app.id), "c0", 4) + 1) % 4
            places = [keys.channel(pair.app.id, "c0"), keys.shard(shard)]
            await outage(pair, trouble)
            forgive_all(pair)


@within(90)
async def test_jobs_come_from_a_cluster(start: Starter, authority: Authority, tmp_path: Path) -> None:
    with (
        running_cluster(kind=addressed(authority)) as cluster,
        shared(tmp_path, secure(cluster), f"broker.ca_file={authority.file}") as settings,
    ):
        nodes = [{"host": master.host, "port": master.port} for master in cluster.masters]
        place = [nodes, {"tls": {"ca": authority.file.read_text()}}]
        daemon = await start(*settings)
        async with (
            producer(tmp_path, "{bull}", place) as node,
            join(daemon.ws_url, await daemon.key(), "c") as peer,
        ):
            await add(node, 0)
            queue = f"{{bull}}:{QUEUE}:meta"
            assert await trio.to_thread.run_sync(cluster.reshard, queue, cluster.another(queue)) > 0
            await add(node, 1)
            assert [entry["data"]["n"] for entry in await peer.notifications(2)] == [0, 1]
        assert await daemon.terminate() == 0
        daemon.forgive("broker_failed")


@within(30)
async def test_a_redis_that_nobody_vouches_for_is_refused_at_the_start(
    start: Starter, authority: Authority, tmp_path: Path
) -> None:
    with running_cluster(kind=named(authority)) as cluster, shared(tmp_path, secure(cluster)) as settings:
        daemon = await start(*settings, started=False)
        with pytest.raises(DaemonFailed, match="certificate verify failed"):
            await daemon.start()
        assert await daemon.ended() == 1
        daemon.stderr.clear()
