"""Scripts of a real server, many at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.ingress.bullmq.flights import Flights
from notifyd.redislink.for_asyncio.client import REDIS_AWAY, open_client
from notifyd.redislink.options import RedisOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.valkey import Valkey

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
FAIL = "return redis.error_reply('ERR no')"


async def flown(server: Valkey, body: Callable[[dict[str, Any], Any], Awaitable[Any]]) -> Any:
    """What *body* answers, given the scripts on board, and a client."""

    async def main() -> Any:
        client = open_client(RedisOptions(server.url, timeout_seconds=2))
        flights = Flights(client)
        scripts = {"add": client.register_script(ADD), "fail": client.register_script(FAIL)}
        flights.equip(scripts)
        try:
            return await body(scripts, client)
        finally:
            await flights.close()
            await client.aclose()

    with trio.fail_after(20):
        return await trio.to_thread.run_sync(asyncio.run, main())


async def test_calls_of_one_turn_fly_together_and_in_order(valkey: Valkey) -> None:
    async def body(scripts: dict[str, Any], client: Any) -> Any:
        await client.script_flush()
        return await asyncio.gather(*[scripts["add"](keys=["sum"], args=[1]) for _ in range(1200)])

    assert await flown(valkey, body) == list(range(1, 1201))


async def test_the_failure_of_one_is_its_own(valkey: Valkey) -> None:
    async def body(scripts: dict[str, Any], client: Any) -> Any:
        calls = [scripts["add"](["mine"], [1]), scripts["fail"](["mine"]), scripts["add"](["mine"], [1])]
        return await asyncio.gather(*calls, return_exceptions=True)

    one, failure, two = await flown(valkey, body)
    assert (one, str(failure), two) == (1, "no", 2)


async def test_a_server_that_is_away_fails_all(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    server.kill()

    async def body(scripts: dict[str, Any], client: Any) -> Any:
        return await asyncio.gather(scripts["add"](["k"], [1]), scripts["add"](["k"], [1]), return_exceptions=True)

    for problem in await flown(server, body):
        assert isinstance(problem, REDIS_AWAY)


async def test_closing_lets_go_of_who_waits(valkey: Valkey) -> None:
    async def body(scripts: dict[str, Any], client: Any) -> Any:
        flights = Flights(client)
        others = {"add": client.register_script(ADD)}
        flights.equip(others)
        waiting = others["add"](["k"], [1])
        await flights.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    await flown(valkey, body)
