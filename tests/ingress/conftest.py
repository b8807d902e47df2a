"""A running REST interface for each test that asks for one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.ingress.edge.rest.services import RestOptions
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, QueueLimits
from notifyd.telemetry.metrics import Counters
from tests.ingress.harness import ADMIN_TOKEN, EventSource, Service

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.ingress.edge.rest.realtime import Realtime

OPTIONS = RestOptions(admin_token=ADMIN_TOKEN, max_body_bytes=300_000, max_batch=5, page_bytes=16_384)
SECONDS = 20

StartService = Callable[..., Awaitable[Service]]


@pytest.fixture
async def deadline() -> AsyncIterator[None]:
    """Every test ends, one way or the other."""
    with trio.fail_after(SECONDS):
        yield


@pytest.fixture
async def start(deadline: None, nursery: trio.Nursery, tmp_path: Path) -> AsyncIterator[StartService]:
    """Starts a service with options of one's own."""
    services: list[Service] = []

    async def started(
        options: RestOptions = OPTIONS, *, heartbeat_seconds: float = 30.0, realtime: Realtime | None = None
    ) -> Service:
        limits = BrokerLimits(queue=QueueLimits(max_size=50))
        counters = Counters()
        broker = await open_broker(BrokerOptions(durability="memory", limits=limits), counters)
        service = Service(broker, counters, tmp_path, options, heartbeat_seconds=heartbeat_seconds, realtime=realtime)
        await service.start(nursery)
        services.append(service)
        return service

    yield started
    for service in services:
        service.edge.stop_listening()


@pytest.fixture
async def service(start: StartService) -> Service:
    """A service with an admin token."""
    return await start()


@pytest.fixture
async def dev(start: StartService) -> Service:
    """A service in development mode."""
    return await start(RestOptions(dev=True))


@pytest.fixture
async def events() -> AsyncIterator[Callable[..., Awaitable[EventSource]]]:
    """Opens event streams, which are closed at the end of the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(service: Service, channel: str, query: str = "", **headers: Any) -> EventSource:
            stream = await stack.enter_async_context(await service.connect())
            source = EventSource(stream)
            sent = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
            await source.open("GET", f"/api/channels/{channel}/events{query}", sent)
            return source

        yield opened
