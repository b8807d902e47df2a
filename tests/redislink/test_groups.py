"""Clusters and groups with Sentinels, as they are in production, with what happens to them there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.facts import redis_facts
from notifyd.redislink.link import Link, open_link
from notifyd.redislink.options import RedisOptions
from notifyd.redislink.scripts import script_of
from tests.redislink.waiting import Heard, answered, until
from tests.valkey_groups import Cluster, Moving, running_cluster, running_group

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow

COUNT = script_of("count", b"return {redis.call('INCR', KEYS[1]), ARGV[1]}")
#: Makes names of its own beneath a tag.
PUT = script_of("put", b"for n = 0, 2 do redis.call('RPUSH', KEYS[1] .. ':' .. n, ARGV[1]) end return 3")


@asynccontextmanager
async def running_link(url: str) -> AsyncIterator[Link]:
    async with trio.open_nursery() as nursery:
        link = await open_link(RedisOptions(url=url, timeout_seconds=2, connect_timeout_seconds=1))
        nursery.start_soon(link.run)
        yield link
        nursery.cancel_scope.cancel()


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    with running_cluster() as running:
        yield running


async def test_commands_and_scripts_find_their_nodes(cluster: Cluster) -> None:
    with trio.fail_after(60):
        async with running_link(cluster.url) as link:
            line = link.line("test")
            keys = [link.keys.channel("c", f"a{number}") for number in range(100)]
            sets = [line.send("SET", key, key) for key in keys]
            gets = [line.send("GET", key) for key in keys]
            assert {await reply.wait() for reply in sets} == {b"OK"}
            assert [await reply.wait() for reply in gets] == [key.encode() for key in keys]
            for master in cluster.masters:
                assert await trio.to_thread.run_sync(master.call, "DBSIZE") > 10
                await trio.to_thread.run_sync(master.call, "SCRIPT", "FLUSH")
            for turn in (1, 2):
                counts = [line.script(COUNT, [f"{key}:n"], [key]) for key in keys]
                assert [await reply.wait() for reply in counts] == [[turn, key.encode()] for key in keys]
                for master in cluster.masters:
                    await trio.to_thread.run_sync(master.call, "SCRIPT", "FLUSH")


async def test_a_slot_that_moves_takes_its_commands_and_topics_along(cluster: Cluster) -> None:
    with trio.fail_after(60):
        async with running_link(cluster.url) as link:
            line = link.line("test")
            topics = [link.keys.user("c", f"u{number}") for number in range(20)]
            heard = {topic: Heard() for topic in topics}
            for topic in topics:
                link.listener.follow(topic, heard[topic].note, heard[topic].live)
            await until(lambda: all(one.lives == 1 for one in heard.values()))
            moved = topics[3]
            old = cluster.owner(moved)
            new = next(master for master in cluster.masters if master is not old)
            await trio.to_thread.run_sync(cluster.move, moved, new)
            await until(lambda: heard[moved].lives == 2)
            replies = [line.script(COUNT, [topic], ["x"]) for topic in topics]
            replies += [line.send("SPUBLISH", topic, "to " + topic) for topic in topics]
            for reply in replies:
                await reply.wait()
            await until(lambda: all(heard[topic].messages == [b"to " + topic.encode()] for topic in topics))
            assert await trio.to_thread.run_sync(new.call, "GET", moved) == b"1"
            for topic in topics:
                await line.send("DEL", topic).wait()
            await trio.to_thread.run_sync(cluster.move, moved, old)


async def test_a_slot_on_its_way_is_asked_for_at_both_ends(cluster: Cluster) -> None:
    with trio.fail_after(60):
        async with running_link(cluster.url) as link:
            line = link.line("test")
            key = link.keys.channel("c", "on its way")
            moving = await trio.to_thread.run_sync(Moving, cluster, key, cluster.another(key))
            try:
                replies = [line.send("INCR", key) for _ in range(3)]
                assert [await reply.wait() for reply in replies] == [1, 2, 3]
                assert await trio.to_thread.run_sync(moving.target.call, "CLUSTER", "COUNTKEYSINSLOT", moving.slot) == 1
                await line.send("DEL", key).wait()
            finally:
                await trio.to_thread.run_sync(moving.give_up)


async def test_a_script_does_nothing_while_its_slot_is_on_its_way(cluster: Cluster) -> None:
    with trio.fail_after(60):
        async with running_link(cluster.url) as link:
            line = link.line("test")
            tag = link.keys.shard(7)
            assert await line.script(PUT, [tag], ["before"]).wait() == 3
            moving = await trio.to_thread.run_sync(Moving, cluster, tag, cluster.another(tag))
            for _ in range(4):
                with pytest.raises(StoreUnavailable, match="TRYAGAIN"):
                    await line.script(PUT, [tag], ["meanwhile"]).wait()
                with pytest.raises(StoreUnavailable, match="TRYAGAIN"):
                    await line.script(COUNT, [f"{tag}:0"], ["declared"]).wait()
                await trio.to_thread.run_sync(moving.take, 1)
            await trio.to_thread.run_sync(moving.end)
            assert await line.script(PUT, [tag], ["after"]).wait() == 3
            for number in range(3):
                found = await trio.to_thread.run_sync(moving.target.call, "LRANGE", f"{tag}:{number}", 0, -1)
                assert found == [b"before", b"after"]


async def test_a_dead_master_leaves_the_other_slots_alone_and_its_replica_takes_over() -> None:
    with running_cluster(3, 1) as cluster, trio.fail_after(120):
        async with running_link(cluster.url) as link:
            line = link.line("test")
            keys = [link.keys.shard(number) for number in range(40)]
            dead = cluster.masters[0]
            lost = next(key for key in keys if cluster.owner(key) is dead)
            kept = next(key for key in keys if cluster.owner(key) is not dead)
            heard, other = Heard(), Heard()
            link.listener.follow(lost, heard.note, heard.live)
            link.listener.follow(kept, other.note, other.live)
            await until(lambda: heard.lives == other.lives == 1)
            await line.send("INCR", lost).wait()
            dead.kill()
            bad, good = line.send("INCR", lost), line.send("ECHO", "x")
            with pytest.raises(StoreUnavailable):
                await bad.wait()
            assert link.failing_since() is not None
            await answered(line, "INCR", kept)
            await answered(line, "INCR", lost)
            await until(lambda: heard.lives > 1)
            await line.send("SPUBLISH", lost, "after").wait()
            await until(lambda: heard.messages == [b"after"])
            assert other.lives == 1
            await until(lambda: link.failing_since() is None)
            assert good.done()


async def test_a_node_that_hangs_holds_the_others_up_no_longer_than_the_timeouts() -> None:
    with running_cluster(3, 0, "--cluster-require-full-coverage", "no") as cluster, trio.fail_after(120):
        async with running_link(cluster.url) as link:
            line = link.line("test")
            keys = [link.keys.shard(number) for number in range(40)]
            hung = cluster.masters[0]
            lost = next(key for key in keys if cluster.owner(key) is hung)
            kept = next(key for key in keys if cluster.owner(key) is not hung)
            await line.send("INCR", lost).wait()
            hung.pause()
            both = line.send("INCR", lost), line.send("INCR", kept)
            with pytest.raises(StoreUnavailable, match="did not answer in time"):
                await both[0].wait()
            # what came from the others while it was waited for is no failure
            assert await both[1].wait() == 1
            for turn in range(2, 200):
                with trio.fail_after(20):
                    assert await line.send("INCR", kept).wait() == turn
            hung.go_on()
            await answered(line, "INCR", lost)
            await until(lambda: link.failing_since() is None)


async def test_sentinels_tell_who_takes_over() -> None:
    with running_group() as group, trio.fail_after(120):
        async with running_link(group.url) as link:
            line = link.line("test")
            heard = Heard()
            link.listener.follow("topic", heard.note, heard.live)
            await line.send("SET", "k", "v").wait()
            await line.send("WAIT", 1, 1000).wait()
            await until(lambda: heard.lives == 1)
            old = group.master()
            old.kill()
            with pytest.raises(StoreUnavailable):
                await line.send("GET", "k").wait()
            await answered(line, "SET", "k2", "v")
            assert await line.send("GET", "k").wait() == b"v"
            assert group.master() is not old
            await until(lambda: heard.lives == 2)
            await line.send("SPUBLISH", "topic", "after").wait()
            await until(lambda: heard.messages == [b"after"])
            (facts,) = await redis_facts(line)
            assert facts.role == "master"


async def test_a_master_that_steps_down_is_left() -> None:
    with running_group() as group, trio.fail_after(120):
        async with running_link(group.url) as link:
            line = link.line("test")
            await line.send("SET", "k", "v").wait()
            old = group.master()
            await trio.to_thread.run_sync(group.sentinels[0].call, "SENTINEL", "FAILOVER", "main")
            await until(lambda: group.master() is not old and old.call("ROLE")[0] == b"slave")
            await answered(line, "SET", "k", "w")
            assert await trio.to_thread.run_sync(group.master().call, "GET", "k") == b"w"
