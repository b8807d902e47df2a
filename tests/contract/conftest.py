"""Every engine, behind the ports that it promises to keep."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.redislink.options import RedisOptions
from notifyd.store.memory.records import MemoryRecords
from notifyd.store.open import open_broker, open_records
from notifyd.store.options import BrokerLimits, BrokerOptions
from notifyd.store.ports import Broker
from tests.mongo_double.fixtures import database
from tests.store.samples import T0, expire
from tests.valkey import PATIENT, redis_options, valkey
from tests.valkey_groups import Cluster, running_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.store.record_ports import Records

__all__ = ["redis_options", "valkey"]

_numbers = itertools.count(1)

OpenBroker = Callable[[BrokerLimits], Awaitable[Broker]]


#: Every script on keys of one slot alone, every topic on the node of its slot.
_CLUSTER = pytest.param("cluster", marks=pytest.mark.slow)


# fsync is os and one pragma more, for which each test would wait for the disk; tests/e2e and tests/crash run on it
@pytest.fixture(params=["memory", "os", pytest.param("fsync", marks=pytest.mark.slow), "redis", _CLUSTER])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of three masters that all tests of this process share."""
    with running_cluster() as running:
        yield running


@pytest.fixture
def cluster_options(cluster: Cluster) -> RedisOptions:
    """The cluster, and a prefix that no other test has."""
    return RedisOptions(url=cluster.url, prefix=f"t{next(_numbers)}", **PATIENT)


@pytest.fixture
async def open_engine(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, nursery: trio.Nursery
) -> AsyncIterator[OpenBroker]:
    """A function that opens a broker and runs it; all of a test are over the same files or keys."""
    nursery.start_soon(expire, 20)
    # a server is started for those alone who want one
    name = {"redis": "redis_options", "cluster": "cluster_options"}.get(engine)
    redis = request.getfixturevalue(name) if name else None

    async def opened(limits: BrokerLimits) -> Broker:
        if redis is None:
            options = BrokerOptions(durability=engine, state_dir=tmp_path, limits=limits)  # type: ignore[arg-type]
        else:
            options = BrokerOptions(url=redis.url, redis=redis, limits=limits, node_timeout_seconds=60)
        broker = await open_broker(options, clock=lambda: T0)
        nursery.start_soon(broker.run)
        return broker

    yield opened
    nursery.cancel_scope.cancel()


@pytest.fixture
async def broker(open_engine: OpenBroker) -> Broker:
    return await open_engine(BrokerLimits())


@pytest.fixture(params=["memory", "sqlite", "mongo"])
def records_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where records are kept; "" for memory, which nobody shares."""
    if request.param == "mongo":
        with database() as uri:
            yield uri
    else:
        yield {"memory": "", "sqlite": "sqlite:"}[request.param]


@pytest.fixture
async def records(records_url: str, tmp_path: Path) -> AsyncIterator[Records]:
    opened: Records = await open_records(records_url, tmp_path) if records_url else MemoryRecords()
    with trio.fail_after(20):
        yield opened
        await opened.close()


@pytest.fixture
async def beside(records: Records, records_url: str, tmp_path: Path) -> AsyncIterator[Records]:
    """The same records, as another daemon has them."""
    opened = await open_records(records_url, tmp_path) if records_url else records
    yield opened
    await opened.close()
