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

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.store.record_ports import Records

OpenBroker = Callable[[BrokerLimits], Awaitable[Broker]]


# fsync is os and one pragma more, for which each test would wait for the disk; tests/e2e and tests/crash run on it
@pytest.fixture(params=["memory", "os", pytest.param("fsync", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_engine(engine: str, tmp_path: Path, nursery: trio.Nursery) -> OpenBroker:
    nursery.start_soon(expire, 20)

    async def opened(limits: BrokerLimits) -> Broker:
        options = BrokerOptions(durability=engine, state_dir=tmp_path, limits=limits)  # type: ignore[arg-type]
        broker = await open_broker(options, clock=lambda: T0)
        nursery.start_soon(broker.run)
        return broker

    return opened


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
