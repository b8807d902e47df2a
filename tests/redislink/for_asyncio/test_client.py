"""asyncio clients of real servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import trio
from redis.asyncio import Redis, RedisCluster

from notifyd.errors import Invalid
from notifyd.redislink.for_asyncio.client import REDIS_AWAY, open_client, pipelines
from notifyd.redislink.options import RedisOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.valkey import Valkey


def hasty(url: str) -> RedisOptions:
    """With timeouts that a test can wait for."""
    return RedisOptions(url, timeout_seconds=1, connect_timeout_seconds=1)


async def asked(options: RedisOptions, *words: object, **others: Any) -> Any:
    """The answer to a command."""

    async def main() -> Any:
        client = open_client(options, **others)
        try:
            return await client.execute_command(*words)
        finally:
            await client.aclose()

    with trio.fail_after(20):
        return await trio.to_thread.run_sync(asyncio.run, main())


async def test_by_tcp_and_by_a_unix_socket_with_password_and_database(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey("--requirepass", "se/cret")
    for url in (f"redis://:se%2Fcret@127.0.0.1:{server.port}/3", f"unix://:se%2Fcret@{server.path}?db=3"):
        told = await asked(hasty(url), "CLIENT", "INFO", name="mine")
        assert (told["name"], told["db"]) == ("mine", 3) if isinstance(told, dict) else "name=mine" in told
    with pytest.raises(REDIS_AWAY):
        await asked(hasty(server.url), "PING")


async def test_one_that_hangs_is_given_up_in_time(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    server.pause()
    with pytest.raises(REDIS_AWAY), trio.fail_after(5):
        await asked(hasty(server.url), "PING")
    server.go_on()


async def test_patience_is_for_commands_that_block(start_valkey: Callable[..., Valkey]) -> None:
    url = start_valkey().url
    assert await asked(hasty(url), "BLPOP", "nothing", 1.2, patience_seconds=5.0) is None
    with pytest.raises(REDIS_AWAY):
        await asked(hasty(url), "BLPOP", "nothing", 5)


async def test_each_form_of_url() -> None:
    async def kinds() -> list[tuple[type, bool]]:
        made = []
        for url in ("rediss://h", "redis+sentinel://h:1,i:2/group/1", "redis+cluster://h:1,i:2", "rediss+cluster://h"):
            client = open_client(RedisOptions(url))
            made.append((type(client), pipelines(client)))
            await client.aclose()
        return made

    with trio.fail_after(20):
        one, sentinel, cluster, secure = await trio.to_thread.run_sync(asyncio.run, kinds())
    assert one == sentinel == (Redis, True)
    assert cluster == secure == (RedisCluster, False)


def test_what_is_no_url() -> None:
    with pytest.raises(Invalid):
        open_client(RedisOptions("http://there"))
