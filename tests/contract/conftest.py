"""Every engine, behind the ports that it promises to keep."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.store.memory.records import MemoryRecords
from notifyd.store.open import open_broker, open_records
from notifyd.store.options import BrokerLimits, BrokerOptions
from notifyd.store.ports import Broker
from tests.mongo_double.fixtures import database
from tests.store.samples import T0, expire
from tests.valkey import redis_options, valkey

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.store.record_ports import Records

__all__ = ["redis_options", "valkey"]

OpenBroker = Callable[[BrokerLimits], Awaitable[Broker]]


# fsync is os and one pragma more, for which each test would wait for the disk; tests/e2e and tests/crash run on it
@pytest.fixture(params=["memory", "os", pytest.param("fsync", marks=pytest.mark.slow), "redis"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_engine(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, nursery: trio.Nursery
) -> AsyncIterator[OpenBroker]:
    """A function that opens a broker and runs it; all of a test are over the same files or keys."""
    nursery.start_soon(expire, 20)
    # a server is started for those alone who want one
    redis = request.getfixturevalue("redis_options") if engine == "redis" else None

    async def opened(limits: BrokerLimits) -> Broker:
        if redis is None:
            options = BrokerOptions(durability=engine, state_dir=tmp_path, limits=limits)  # type: ignore[arg-type]
        else:
            options = BrokerOptions(url=redis.url, redis=redis, limits=limits)
        broker = await open_broker(options, clock=lambda: T0)
        nursery.start_soon(broker.run)
        return broker

    yield opened
    nursery.cancel_scope.cancel()


@pytest.fixture
async def broker(open_engine: OpenBroker) -> Broker:
    return await open_engine(BrokerLimits())


@pytest.fixture(params=["memory", "sqlite", "mongo"])
async def records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    with ExitStack() as stack, trio.fail_after(20):
        if request.param == "memory":
            opened: Records = MemoryRecords()
        else:
            url = stack.enter_context(database()) if request.param == "mongo" else "sqlite:"
            opened = await open_records(url, tmp_path)
        yield opened
        await opened.close()
