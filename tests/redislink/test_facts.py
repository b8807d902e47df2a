from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.diagnosis import Verdict
from notifyd.policy.diagnosis.engines import judge_redis
from notifyd.redislink.facts import cluster_facts, redis_facts
from notifyd.redislink.link import open_link
from notifyd.redislink.options import RedisOptions
from tests.valkey_groups import running_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.diagnosis import RedisFacts
    from notifyd.redislink.link import Link
    from tests.valkey import Valkey


async def facts_of(server: Valkey, url: str = "") -> RedisFacts:
    with trio.fail_after(20):
        link = await open_link(RedisOptions(url=url or server.unix_url))
        try:
            (facts,) = await redis_facts(link.line("info"))
            return facts
        finally:
            await link.close()


async def test_a_server_that_keeps_nothing_says_so(link: Link):
    (facts,) = await redis_facts(link.line("info"))
    assert facts.place == ""
    assert facts.version.startswith("Valkey ")
    assert (facts.mode, facts.role) == ("standalone", "master")
    assert (facts.appendonly, facts.append_healthy, facts.sharded_topics) == (False, True, True)
    assert facts.maxmemory_policy == "noeviction"
    assert facts.used_bytes > 0
    assert facts.connections > 0
    assert facts.max_connections > 0
    assert facts.ahead_seconds == pytest.approx(0, abs=0.5)
    found = {finding.name: finding.verdict for finding in judge_redis([facts])}
    assert (found["broker"], found["broker-persistence"]) == (Verdict.OK, Verdict.WARNING)


async def test_what_is_set_there_is_found(start_valkey: Callable[..., Valkey]):
    settings = {"--appendonly": "yes", "--appendfsync": "no", "--maxmemory": "8mb", "--maxmemory-policy": "allkeys-lru"}
    facts = await facts_of(start_valkey(*(word for setting in settings.items() for word in setting)))
    assert (facts.appendonly, facts.appendfsync) == (True, "no")
    assert (facts.maxmemory_policy, facts.max_bytes) == ("allkeys-lru", 8 << 20)


async def test_what_the_user_may_not_ask_for_is_unknown(start_valkey: Callable[..., Valkey]):
    server = start_valkey()
    server.call("ACL", "SETUSER", "app", "on", ">word", "~*", "&*", "+@all", "-config", "-command", "-time")
    facts = await facts_of(server, f"redis://app:word@127.0.0.1:{server.port}")
    assert (facts.appendfsync, facts.sharded_topics, facts.ahead_seconds) == ("", None, None)
    assert facts.maxmemory_policy == "noeviction"


async def test_a_server_that_tells_nothing_is_unknown_and_there(start_valkey: Callable[..., Valkey]):
    facts = await facts_of(start_valkey("--rename-command", "INFO", "SECRET"))
    assert (facts.version, facts.appendonly, facts.maxmemory_policy) == ("Redis of an unknown version", None, "")
    assert facts.sharded_topics is True


async def test_a_server_that_is_away_is_unavailable(start_valkey: Callable[..., Valkey]):
    server = start_valkey()
    link = await open_link(RedisOptions(url=server.unix_url, timeout_seconds=1, connect_timeout_seconds=5))
    server.kill()
    with trio.fail_after(10), pytest.raises(StoreUnavailable):
        await redis_facts(link.line("info"))
    await link.close()


@pytest.mark.slow
async def test_each_master_of_a_cluster_is_asked():
    with running_cluster(3, 1) as cluster, trio.fail_after(60):
        await trio.to_thread.run_sync(cluster.masters[1].call, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        for master in cluster.masters:
            # who may touch no other keys
            login = ("app", "on", ">word", "~mine:*", "&mine:*", "+@all", "-@dangerous", "+info")
            await trio.to_thread.run_sync(master.call, "ACL", "SETUSER", *login)
        link = await open_link(RedisOptions(url=f"redis+cluster://app:word@{cluster.hosts}"))
        found = await cluster_facts(link.line("info"), "mine")
        await link.close()
    assert [facts.place for facts in found] == [f"127.0.0.1:{master.port}" for master in cluster.masters]
    assert [facts.maxmemory_policy for facts in found] == ["noeviction", "allkeys-lru", "noeviction"]
    assert {(facts.mode, facts.role, facts.sharded_topics) for facts in found} == {("cluster", "master", True)}
    assert all(abs(facts.ahead_seconds or 0) < 0.5 for facts in found)
