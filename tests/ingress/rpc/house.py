"""A whole node behind a real admin server on a Unix socket; the clients are grpcio's own, in threads."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio

from notifyd.bus.ports import Peers
from notifyd.ingress.rpc.options import RpcOptions
from notifyd.ingress.rpc.server import AdminServer
from notifyd.ingress.rpc.services import AdminServices
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.service.logs import LogQuery
from notifyd.store.options import HistoryLimits
from notifyd.v1 import admin_pb2, admin_pb2_grpc, types_pb2
from tests.ingress.rpc.node import PATIENCE_SECONDS, Node, Refusal, open_node, refusal_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from google.protobuf.message import Message

    from notifyd.hub.hub import Hub
    from notifyd.telemetry import Counters


class House(msgspec.Struct):
    """One node and a stub that talks to it."""

    path: Path
    stub: Any
    server: AdminServer
    services: AdminServices
    node: Node

    @property
    def hub(self) -> Hub:
        return self.node.hub

    @property
    def counters(self) -> Counters:
        return self.node.counters

    @property
    def history(self) -> Any:
        return self.node.broker.history

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


async def tell(house: House, *users: str, data_json: str = "1", **options: Any) -> types_pb2.PublishResponse:
    """Hand in one notification to users."""
    target = types_pb2.Target(users=types_pb2.UserTarget(user_ids=users))
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


def listen(house: House, *channels: str, broadcasts: bool = False, user_id: str = "") -> Any:
    """A stream of these channels, live."""
    wanted = [admin_pb2.ChannelSince(channel=channel) for channel in channels]
    return house.stub.Listen(admin_pb2.ListenRequest(channels=wanted, broadcasts=broadcasts, user_id=user_id))


class Choices(msgspec.Struct, frozen=True):
    """What a test may want different."""

    rpc: RpcOptions = RpcOptions(workers=8, max_streams=4, call_timeout_seconds=10)
    history: HistoryLimits = HistoryLimits()
    outbox_bytes: int = 1 << 20
    #: None: the node is alone.
    peers: Peers | None = None


@asynccontextmanager
async def open_house(choices: Choices = Choices()) -> AsyncIterator[House]:  # noqa: B008 a frozen value
    """Run a node until the block ends. Its socket is in a folder of a short name."""
    with TemporaryDirectory(prefix="nd") as name, trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            node = await open_node(Path(name), choices.history, outbox_bytes=choices.outbox_bytes, peers=choices.peers)
            node.start(nursery)
            await node.clients.load()
            services = node.admin_services()
            server = AdminServer(Path(name) / "admin.sock", services, choices.rpc, node.counters)
            await nursery.start(server.run)
            with _channel(server.path) as grpc_channel:
                yield House(server.path, admin_pb2_grpc.AdminServiceStub(grpc_channel), server, services, node)
                await server.stop(0)
            nursery.cancel_scope.cancel()


def _channel(path: Path) -> grpc.Channel:
    # Channels to one address share a connection unless told otherwise, also across tests; and a window that grows by
    # itself would let the library read ahead for a client that does not.
    return grpc.insecure_channel(
        f"unix:{path}", options=[("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
    )
