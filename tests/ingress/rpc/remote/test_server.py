"""The admin interface on a port: with the token everything, without it nothing at all."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from notifyd.ingress.rpc.options import RpcOptions
from notifyd.ingress.rpc.remote.server import RemoteAdminServer
from notifyd.ingress.rpc.tcp import Address
from notifyd.store.options import HistoryLimits
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import admin_pb2_grpc
from tests.ingress.rpc.node import ADMIN_TOKEN, PATIENCE_SECONDS, Node, Refusal, end_of, open_node, refusal_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Metadata = tuple[tuple[str, str], ...]

RIGHT: Metadata = (("authorization", f"Bearer {ADMIN_TOKEN}"),)
WRONG: list[Metadata] = [
    (),
    (("authorization", "Bearer wrong"),),
    (("authorization", f"Bearer {ADMIN_TOKEN}x"),),
    (("authorization", f"Basic {ADMIN_TOKEN}"),),
    (("x-api-key", ADMIN_TOKEN),),
    (("authorization", f"Bearer {ADMIN_TOKEN}"), ("x-api-key", "k")),
]
OPTIONS = RpcOptions(workers=6, max_streams=3, call_timeout_seconds=10, request_seconds=20)


class Remote(msgspec.Struct):
    """A server and a connection to it."""

    node: Node
    server: RemoteAdminServer
    grpc_channel: Any

    @property
    def stub(self) -> Any:
        return admin_pb2_grpc.AdminServiceStub(self.grpc_channel)

    async def ask(self, call: Callable[[], Any]) -> Any:
        return await trio.to_thread.run_sync(call)

    async def refusal(self, call: Callable[[], Any]) -> Refusal:
        with pytest.raises(grpc.RpcError) as problem:
            await self.ask(call)
        return refusal_of(problem.value)


@asynccontextmanager
async def opened(token: str = ADMIN_TOKEN) -> AsyncIterator[Remote]:
    with TemporaryDirectory(prefix="nd") as name, trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            node = await open_node(Path(name), HistoryLimits())
            node.start(nursery)
            await node.clients.load()
            services = msgspec.structs.replace(node.admin_services(), admin_token=token)
            server = RemoteAdminServer(Address("127.0.0.1", 0), services, OPTIONS, node.limiter, node.counters)
            await nursery.start(server.run)
            options = [("grpc.use_local_subchannel_pool", 1)]
            with grpc.insecure_channel(f"127.0.0.1:{server.port}", options=options) as grpc_channel:
                yield Remote(node, server, grpc_channel)
                await server.stop(0)
            nursery.cancel_scope.cancel()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with opened() as running:
        yield running


async def test_the_token_opens_calls_and_streams(remote: Remote) -> None:
    listed = await remote.ask(lambda: remote.stub.ListClients(pb.ListClientsRequest(), metadata=RIGHT, timeout=10))
    assert [client.id for client in listed.clients] == ["default"]
    stream = remote.stub.WatchStats(pb.WatchStatsRequest(), metadata=RIGHT, timeout=10)
    assert (await remote.ask(lambda: next(stream))).nodes == 1
    stream.cancel()
    assert remote.node.counters.authentication_failures == 0


@pytest.mark.parametrize("metadata", WRONG)
async def test_nothing_else_does_and_it_is_counted(remote: Remote, metadata: Metadata) -> None:
    refused = await remote.refusal(
        lambda: remote.stub.ListClients(pb.ListClientsRequest(), metadata=metadata, timeout=10)
    )
    assert (refused.status, refused.code) == ("UNAUTHENTICATED", "admin_token_required")
    assert ADMIN_TOKEN not in refused.message
    assert remote.node.counters.authentication_failures == 1


async def test_without_a_token_of_the_daemon_an_empty_one_opens_nothing() -> None:
    async with opened(token="") as remote:
        metadata = (("authorization", "Bearer "),)
        refused = await remote.refusal(lambda: remote.stub.GetStatus(pb.GetStatusRequest(), metadata=metadata))
        assert refused.code == "admin_token_required"


async def test_streams_are_refused_before_they_begin(remote: Remote) -> None:
    told = await end_of(remote.stub.WatchStats(pb.WatchStatsRequest(), timeout=10))
    assert told.code == "admin_token_required"
    asked = await end_of(remote.stub.PublishStream(iter(()), timeout=10))
    assert asked.code == "admin_token_required"


async def test_reflection_and_health_tell_strangers_nothing(remote: Remote) -> None:
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    reflect = reflection_pb2_grpc.ServerReflectionStub(remote.grpc_channel).ServerReflectionInfo
    assert (await end_of(reflect(iter([question]), timeout=10))).code == "admin_token_required"
    (answer,) = await remote.ask(lambda: list(reflect(iter([question]), metadata=RIGHT, timeout=10)))
    assert "notifyd.v1.AdminService" in {service.name for service in answer.list_services_response.service}
    check = health_pb2_grpc.HealthStub(remote.grpc_channel).Check
    refused = await remote.refusal(lambda: check(health_pb2.HealthCheckRequest(), timeout=10))
    assert refused.code == "admin_token_required"


async def test_strangers_cannot_ask_what_methods_there_are(remote: Remote) -> None:
    nothing = remote.grpc_channel.unary_unary("/nothing/Here")
    assert (await remote.refusal(lambda: nothing(b"", timeout=10))).code == "admin_token_required"
    assert (await remote.refusal(lambda: nothing(b"", metadata=RIGHT, timeout=10))).status == "UNIMPLEMENTED"


async def test_wrong_tokens_are_rate_limited_and_the_right_one_is_not(remote: Remote) -> None:
    remote.node.limiter.configure(enabled=True, per_minute=1, burst=2)
    call = remote.stub.ListClients
    codes = [(await remote.refusal(lambda: call(pb.ListClientsRequest(), timeout=10))).code for _ in range(3)]
    assert codes == ["admin_token_required", "admin_token_required", "rate_limited"]
    await remote.ask(lambda: call(pb.ListClientsRequest(), metadata=RIGHT, timeout=10))


async def test_calls_of_strangers_that_bring_no_request_hold_no_thread(remote: Remote) -> None:
    calls = [Silent() for _ in range(OPTIONS.workers)]
    method = remote.grpc_channel.stream_unary("/notifyd.v1.AdminService/ListClients")
    ends = [method.future(call, timeout=10) for call in calls]
    try:
        for end in ends:
            assert (await remote.ask(end.code)).name == "UNAUTHENTICATED"
    finally:
        for call in calls:
            call.over.set()


class Silent:
    """Requests that never come."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __iter__(self) -> Silent:
        return self

    def __next__(self) -> bytes:
        self.over.wait(PATIENCE_SECONDS)
        raise StopIteration
