"""A whole node behind a real gRPC server on a Unix socket; the clients are grpcio's own, in threads."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio

from notifyd.bus.local import LocalBus
from notifyd.dispatch.dispatcher import Dispatcher, DispatchRules
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.ingress.rpc.server import AdminServer, RpcOptions
from notifyd.ingress.rpc.services import AdminServices
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.liveness import LivenessRules
from notifyd.policy.publishing import PublishRules
from notifyd.service.channels import Channels
from notifyd.service.clients import known_client
from notifyd.service.connect import Connector
from notifyd.service.connections import Connections
from notifyd.service.daemon import About, Daemon
from notifyd.service.keyring import KeyRing
from notifyd.service.keys import KeyRules, Keys
from notifyd.service.logs import LogQuery, Logs
from notifyd.service.notifications import Notifications
from notifyd.service.publish import Publisher
from notifyd.service.queue import Queue
from notifyd.service.stats import Stats
from notifyd.service.subscribe import Subscriber, SubscribeRules
from notifyd.store.memory.keys import MemoryKeys
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, HistoryLimits
from notifyd.telemetry import Counters, LogOptions, configure
from notifyd.v1 import admin_pb2, admin_pb2_grpc, types_pb2
from notifyd.wire.rpc import LISTEN_FORMAT, listen_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from google.protobuf.message import Message

PATIENCE_SECONDS = 20


class House(msgspec.Struct):
    """One node and a stub that talks to it."""

    path: Path
    stub: Any
    server: AdminServer
    services: AdminServices
    hub: Hub
    counters: Counters
    history: Any

    async def ask(self, method: str, request: Message, *, timeout: float = PATIENCE_SECONDS) -> Any:
        """Call *method* and answer what it answers."""
        return await trio.to_thread.run_sync(lambda: getattr(self.stub, method)(request, timeout=timeout))

    async def refusal(self, method: str, request: Message, **options: float) -> Refusal:
        """Call *method*, which is refused."""
        with pytest.raises(grpc.RpcError) as problem:
            await self.ask(method, request, **options)
        return refusal_of(problem.value)

    async def log_records(self) -> list[dict[str, Any]]:
        """What is in the log."""
        batch = await self.services.logs.tail(LogQuery(lines=1000))
        return [record.fields() for record in batch.records]


class Refusal(msgspec.Struct, frozen=True):
    """How a call ended."""

    status: str
    message: str
    metadata: dict[str, str]

    @property
    def code(self) -> str:
        return self.metadata.get("notifyd-code", "")


def refusal_of(exc: Any) -> Refusal:
    """What a client learns from *exc*."""
    return Refusal(exc.code().name, exc.details(), dict(exc.trailing_metadata() or ()))


def collect(stream: Any, count: int) -> list[Any]:
    """The next *count* answers of a stream."""
    return [next(stream) for _ in range(count)]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what no event tells: things that happen in grpcio's threads or in the store."""
    while not condition():  # noqa: ASYNC110
        await trio.sleep(0.001)


async def streams_are_free(house: House, count: int) -> None:
    """Wait until *count* more streams can be opened: the thread of one that was left ends in its own time."""
    while True:
        streams = [house.stub.WatchStats(admin_pb2.WatchStatsRequest()) for _ in range(count)]
        try:
            for stream in streams:
                await trio.to_thread.run_sync(next, stream)
        except grpc.RpcError:
            await trio.sleep(0.01)
        else:
            return
        finally:
            for stream in streams:
                stream.cancel()


async def publish(house: House, channel: str, data_json: str, **options: Any) -> types_pb2.PublishResponse:
    """Hand in one notification."""
    target = types_pb2.Target(channel=channel)
    return await house.ask("Publish", types_pb2.PublishRequest(target=target, data_json=data_json, **options))


async def published(house: House, channel: str, data_json: str) -> None:
    """Hand in one notification and wait until it is in the history."""
    before = house.history.position(DEFAULT_CLIENT, channel).offset
    await publish(house, channel, data_json)
    await until(lambda: house.history.position(DEFAULT_CLIENT, channel).offset > before)


async def publish_many(house: House, channel: str, count: int, data_json: str = "") -> None:
    """Publish *count* notifications, numbered unless *data_json* says otherwise, and wait until they are kept."""

    def requests() -> Iterator[types_pb2.PublishRequest]:
        for number in range(count - 1):
            yield types_pb2.PublishRequest(target=types_pb2.Target(channel=channel), data_json=data_json or str(number))

    await trio.to_thread.run_sync(lambda: list(house.stub.PublishStream(requests(), timeout=20)))
    await published(house, channel, data_json or str(count - 1))


def listen(house: House, *channels: str, broadcasts: bool = False) -> Any:
    """A stream of these channels, live."""
    wanted = [admin_pb2.ChannelSince(channel=channel) for channel in channels]
    return house.stub.Listen(admin_pb2.ListenRequest(channels=wanted, broadcasts=broadcasts))


class Choices(msgspec.Struct, frozen=True):
    """What a test may want different."""

    rpc: RpcOptions = RpcOptions(workers=8, max_streams=4, call_timeout_seconds=10)
    history: HistoryLimits = HistoryLimits()
    outbox_bytes: int = 1 << 20
    token: str = "the-admin-token"


async def _start(
    nursery: trio.Nursery, folder: Path, choices: Choices, counters: Counters
) -> tuple[AdminServer, AdminServices, Hub, Any]:
    broker = await open_broker(
        BrokerOptions(durability="memory", limits=BrokerLimits(history=choices.history)), counters
    )
    hub, ring = Hub({LISTEN_FORMAT: listen_frame}, counters), KeyRing()
    sweeper = Sweeper(LivenessRules(30, 60, 30))
    connector = Connector(hub, ring, sweeper, counters, max_connections_per_key=10)
    keys = Keys(MemoryKeys(), ring, KeyRules(32, 60_000, 100), connector.end_key, known_client)
    rules = PublishRules(86_400_000, 60_000, 86_400_000, 10_000, 20, 200)
    about = About("0.1.0", "memory", "memory", "sqlite", folder, None, development=False)
    services = AdminServices(
        daemon=Daemon(about, broker),
        keys=keys,
        publisher=Publisher(broker.queue, rules, counters, idempotency_seconds=60),
        notifications=Notifications(broker.queue, broker.receipts, counters),
        connector=connector,
        subscriber=Subscriber(hub, broker.history, SubscribeRules(50, 200), counters),
        queue=Queue(broker.queue, counters),
        channels=Channels(hub, broker.history),
        connections=Connections(hub),
        stats=Stats(hub, broker, counters),
        logs=Logs(configure(LogOptions(console=False), counters).ring),
        admin_token=choices.token,
        outbox_bytes=choices.outbox_bytes,
    )
    nursery.start_soon(broker.run)
    dispatch = DispatchRules(100, 30, 0.1, 1)
    nursery.start_soon(Dispatcher(broker.queue, broker.history, LocalBus(hub.fan_out), dispatch, counters).run)
    server = AdminServer(folder / "admin.sock", services, choices.rpc, counters)
    await nursery.start(server.run)
    return server, services, hub, broker.history


@asynccontextmanager
async def open_house(choices: Choices = Choices()) -> AsyncIterator[House]:  # noqa: B008 a frozen value
    """Run a node until the block ends. Its socket is in a folder of a short name."""
    with TemporaryDirectory(prefix="nd") as name, trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            counters = Counters()
            server, services, hub, history = await _start(nursery, Path(name), choices, counters)
            with _channel(server.path) as grpc_channel:
                stub = admin_pb2_grpc.AdminServiceStub(grpc_channel)
                yield House(server.path, stub, server, services, hub, counters, history)
                await server.stop(0)
            nursery.cancel_scope.cancel()


def _channel(path: Path) -> grpc.Channel:
    # Channels to one address share a connection unless told otherwise, also across tests; and a window that grows by
    # itself would let the library read ahead for a client that does not.
    return grpc.insecure_channel(
        f"unix:{path}", options=[("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
    )
