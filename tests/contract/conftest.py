"""Every engine, behind the ports that it promises to keep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from notifyd.store.memory.keys import MemoryKeys
from notifyd.store.open import open_broker, open_keys
from notifyd.store.options import BrokerLimits, BrokerOptions
from notifyd.store.ports import Broker, KeyStore
from tests.store.samples import T0, expire

if TYPE_CHECKING:
    from pathlib import Path

    import trio

OpenBroker = Callable[[BrokerLimits], Awaitable[Broker]]


@pytest.fixture(params=["memory", "os", "fsync"])
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


@pytest.fixture(params=["memory", "sqlite"])
async def keys(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    return MemoryKeys() if request.param == "memory" else await open_keys("sqlite:", tmp_path)
