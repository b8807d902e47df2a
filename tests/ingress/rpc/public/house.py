"""A whole node behind a real public server on a loopback port; the clients are grpcio's own, in threads."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio

from notifyd.ingress.rpc.options import RpcOptions
from notifyd.ingress.rpc.public.server import PublicServer
from notifyd.ingress.rpc.public.services import PublicOptions, PublicServices
from notifyd.service.receiving.attending import Attending
from notifyd.v1 import client_pb2 as pb
from notifyd.v1 import client_pb2_grpc
from notifyd.v1.types_pb2 import PublishRequest, PublishResponse, Receipt, StreamPosition, Target, UserTarget
from tests.ingress.rpc.node import ADMIN_TOKEN, PATIENCE_SECONDS, Node, Refusal, end_of, open_node, refusal_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.message import Message

    from notifyd.ingress.rpc.tcp import Identity

BOUNDS = RpcOptions(workers=8, max_streams=4, call_timeout_seconds=10, streams_setting="grpc.max_streams")
OPTIONS = PublicOptions(admin_token=ADMIN_TOKEN, aliases=("skybell", "shop.v2"), bounds=BOUNDS)
DEV = PublicOptions(dev=True, bounds=BOUNDS)
STREAMS = ("Subscribe", "PublishStream")

#: Metadata of a call: pairs, or a mapping of them.
Shown = "Mapping[str, str] | tuple[tuple[str, str | bytes], ...]"

ADMIN = {"authorization": f"Bearer {ADMIN_TOKEN}"}


def with_key(key: str) -> dict[str, str]:
    return {"x-api-key": key}


def with_token(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def with_secret(secret: str) -> dict[str, str]:
    return {"x-client-secret": secret}


class PublicHouse(msgspec.Struct):
    """One node and a client connection to its public server."""

    node: Node
    server: PublicServer
    grpc_channel: grpc.Channel

    @property
    def port(self) -> int:
        return self.server.port

    def stub(self, method: str) -> Any:
        """What calls *method*, whichever service has it."""
        of_client = method == "RegisterClient"
        kind = client_pb2_grpc.ClientRegistrationServiceStub if of_client else client_pb2_grpc.NotificationServiceStub
        return getattr(kind(self.grpc_channel), method)

    async def ask(self, method: str, request: Message, shown: Any = (), *, timeout: float = PATIENCE_SECONDS) -> Any:
        """Call *method* and answer what it answers."""
        call, metadata = self.stub(method), _pairs(shown)
        return await trio.to_thread.run_sync(lambda: call(request, metadata=metadata, timeout=timeout))

    async def refusal(self, method: str, request: Message, shown: Any = ()) -> Refusal:
        """Call *method*, which is refused."""
        if method in STREAMS:
            return await end_of(self.open(method, request, shown))
        with pytest.raises(grpc.RpcError) as problem:
            await self.ask(method, request, shown)
        return refusal_of(problem.value)

    def open(self, method: str, request: Message, shown: Any = ()) -> Any:
        """Begin a stream; one of requests brings *request* alone."""
        argument = iter((request,)) if method == "PublishStream" else request
        return self.stub(method)(argument, metadata=_pairs(shown), timeout=PATIENCE_SECONDS)

    async def publish(self, shown: Any, data_json: str = "1", **to: Any) -> PublishResponse:
        """Publish to `channel=`, `broadcast=` or `users=`."""
        return await self.ask("Publish", publication(data_json, **to), shown)

    async def settled(self, notification_id: str, shown: Any = ADMIN) -> Receipt:
        """The receipt, once it is dispatched."""
        while True:
            receipt: Receipt = await self.ask("GetReceipt", pb.GetReceiptRequest(id=notification_id), shown)
            if receipt.state != "waiting":
                return receipt


def _pairs(shown: Any) -> tuple[tuple[str, str | bytes], ...]:
    return tuple(shown.items()) if isinstance(shown, dict) else shown


def publication(data_json: str = "1", *, users: tuple[str, ...] = (), client_id: str = "", **to: Any) -> PublishRequest:
    """A request to publish."""
    target = Target(users=UserTarget(user_ids=users)) if users else Target(**to)
    return PublishRequest(target=target, data_json=data_json, client_id=client_id)


def wish(*channels: str, since: StreamPosition | None = None, **options: Any) -> pb.SubscribeRequest:
    """A request to subscribe."""
    wanted = [pb.ChannelPosition(channel=channel, since=since) for channel in channels]
    return pb.SubscribeRequest(channels=wanted, **options)


def services_of(node: Node) -> PublicServices:
    """What the public interface needs."""
    return PublicServices(
        daemon=node.daemon,
        clients=node.clients,
        devices=node.devices,
        publisher=node.publisher,
        notifications=node.notifications,
        connector=node.connector,
        subscriber=node.subscriber,
        inboxes=node.inboxes,
        acks=node.acks,
        attending=Attending(node.broker, node.subscriber),
        presence=node.presence,
        limiter=node.limiter,
    )


@asynccontextmanager
async def open_public_house(
    options: PublicOptions = OPTIONS, *, host: str = "127.0.0.1", tls: Identity | None = None, trusted: bytes = b""
) -> AsyncIterator[PublicHouse]:
    """Run a node until the block ends."""
    with TemporaryDirectory(prefix="nd") as name, trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            node = await open_node(Path(name))
            node.start(nursery)
            await node.clients.load()
            node.daemon.ready = True
            server = PublicServer(host, 0, services_of(node), options, node.counters, tls)
            await nursery.start(server.run)
            with channel_to(server.port, trusted) as grpc_channel:
                yield PublicHouse(node, server, grpc_channel)
                await server.stop(0)
            nursery.cancel_scope.cancel()


def channel_to(port: int, trusted: bytes = b"", host: str = "127.0.0.1") -> grpc.Channel:
    """A connection of its own; with *trusted* certificates by TLS."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
    address = f"{host}:{port}"
    if trusted:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(trusted), options)
    return grpc.insecure_channel(address, options)
