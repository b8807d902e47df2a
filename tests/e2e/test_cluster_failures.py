"""A part of a Redis Cluster away for long, with nobody to take it over: what is in the other parts goes on."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.model.ids import ClientId
from notifyd.store.redis.shards import shard_of
from tests.e2e.patience import within
from tests.e2e.peer import join
from tests.e2e.test_redis_failures import KEEPS, forgive_all, two
from tests.valkey_groups import running_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notifyd.redislink.keys import Keys
    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey
    from tests.valkey_groups import Cluster

pytestmark = pytest.mark.slow

SHARDS = 8
#: More than a dispatcher takes at once.
MANY = 150


def channels(cluster: Cluster, keys: Keys, client: str, stream_at: Valkey, shard_off: Valkey) -> Iterator[str]:
    """Channels whose stream is in one server, and whose part of the queue is in any but another one."""
    for number in count():
        name = f"c{number}"
        shard = keys.shard(shard_of(ClientId(client), name, SHARDS))
        if cluster.owner(keys.channel(client, name)) is stream_at and cluster.owner(shard) is not shard_off:
            yield name


@pytest.mark.parametrize("with_nodes", [False, True])
@within(90)
async def test_what_is_on_other_masters_goes_on_while_one_is_dead(
    start: Starter, tmp_path: Path, *, with_nodes: bool
) -> None:
    # who is dead refuses at once: nothing here waits for a timeout, unless the machine stands still
    settings = ("bullmq.enabled=false", f"broker.shards={SHARDS}", "broker.timeout_seconds=20")
    with running_cluster(3, 0, "--cluster-require-full-coverage", "no", *KEEPS) as cluster:
        async with two(start, tmp_path, cluster.url, settings=settings) as pair:
            keys = pair.keys
            dead = next(one for one in cluster.masters if (one is cluster.owner(keys.nodes)) is with_nodes)
            alive = next(master for master in cluster.masters if master is not dead)
            rests = next(channels(cluster, keys, pair.app.id, dead, shard_off=dead))
            elsewhere = channels(cluster, keys, pair.app.id, alive, shard_off=dead)
            goes, late = next(elsewhere), next(elsewhere)
            async with (
                join(pair.here.ws_url, pair.key, rests, goes) as one,
                join(pair.there.ws_url, pair.key, rests, goes) as other,
                pair.here.rest(pair.key) as client,
            ):
                await client.accept(goes, {"n": 0})
                for peer in (one, other):
                    assert (await peer.notification())["channel"] == goes
                dead.kill()
                for number in range(MANY):
                    await client.accept(rests, {"n": number})
                for number in range(1, 10):
                    await client.accept(goes, {"n": number})
                    for peer in (one, other):
                        found = await peer.notification()
                        assert (found["channel"], found["data"]["n"]) == (goes, number)
                # who comes now is let in as well
                async with join(pair.there.ws_url, pair.key, late) as newcomer:
                    await client.accept(late, {"n": 0})
                    assert (await newcomer.notification())["channel"] == late
                await trio.to_thread.run_sync(dead.start)
                for peer in (one, other):
                    found = [await peer.notification() for _ in range(MANY)]
                    assert [(each["channel"], each["data"]["n"]) for each in found] == [(rests, n) for n in range(MANY)]
                    assert [each["offset"] for each in found] == list(range(1, MANY + 1))
            forgive_all(pair)
