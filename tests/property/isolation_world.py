"""One daemon in this process, and clients on it that are as alike as can be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec
import trio

from notifyd.model.ids import ClientId, UserId
from notifyd.model.notification import State
from notifyd.service.access.keys import NewKey
from notifyd.service.clients.clients import NewClient
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.app.composed import Served, composed, loaded_with, served
from tests.e2e.rest import Reply, rest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from google.protobuf.message import Message

ADMIN: Final = "the-admin-token-of-the-isolation-tests"
USERS: Final = ("alice", "bob")
CHANNELS: Final = ("news", "orders")
SECONDS: Final = 20.0

SETTINGS: Final = {
    "limits.enabled": "false",
    "clients.publishes_per_minute": "1000000",
    "clients.max_connections_per_user": "100000",
    "websocket.max_protocol_errors": "1000000",
    "log.level": "error",
}


class Tenant(msgspec.Struct):
    """A registered client with a key, and tokens for its users."""

    id: ClientId
    origin: str
    secret: str
    key: str
    key_id: str
    tokens: dict[str, str]

    @property
    def namespace(self) -> str:
        return f"/client-{self.id}"


class World:
    """The daemon, its trio run, and what tests look at from within."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._main,), name="isolation-world")
        self._nursery: trio.Nursery
        self.served: Served

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(30)

    def stop(self) -> None:
        trio.from_thread.run_sync(self._nursery.cancel_scope.cancel, trio_token=self._token)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def call(self, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run ``await function(*args)`` beside the daemon."""

        async def bounded() -> Any:
            with trio.fail_after(SECONDS):
                return await function(*args)

        return trio.from_thread.run(bounded, trio_token=self._token)

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as self._nursery:
            graph = await composed(loaded_with(self._folder, SETTINGS), self._nursery)
            self.served = await served(graph, self._nursery, token=ADMIN)
            with grpc.insecure_channel(self.served.grpc) as self.grpc_channel:
                self._ready.set()
                await trio.sleep_forever()

    @property
    def graph(self) -> Any:
        return self.served.graph

    @property
    def nursery(self) -> trio.Nursery:
        return self._nursery

    # Clients

    async def tenant(self, number: int) -> Tenant:
        """A client; *number* alone tells it from others."""
        secret = f"the-secret-of-tenant-{number}-is-long-enough"
        origin = f"https://tenant{number}.example"
        wanted = NewClient("shop", secret, cookie_name="session", url=origin)
        client_id = (await self.graph.clients.register(wanted)).client.id
        issued = await self.graph.keys.create(NewKey("shop", client_id=client_id))
        minted = {user: self.graph.tokens.mint(client_id, user, channels=("*", "publish:*")).token for user in USERS}
        return Tenant(client_id, origin, secret, issued.key, issued.record.id, minted)

    async def remove(self, tenant: Tenant) -> None:
        await self.graph.clients.remove(tenant.id)

    # Calls

    async def rest(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One REST call; *headers* have _ for -."""
        async with rest(self.served.http) as client:
            return await client.call(method, path, body, **headers)

    async def rpc(self, method: str, request: Message, *shown: tuple[str, str]) -> Any:
        """One unary call of gRPC; its answer, or the error that it ended in."""
        call = getattr(NotificationServiceStub(self.grpc_channel), method)

        def ask() -> Any:
            try:
                return call(request, metadata=shown, timeout=SECONDS)
            except grpc.RpcError as exc:
                return exc

        return await trio.to_thread.run_sync(ask)

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run what blocks."""
        return await trio.to_thread.run_sync(function, *args)

    # The truth

    async def dispatched(self, notification_id: str) -> None:
        """Wait until it was handed to everyone."""
        while (await self.graph.notifications.receipt(None, notification_id)).state is State.WAITING:
            await trio.lowlevel.checkpoint()

    async def left(self, tenant: Tenant, here: int) -> None:
        """Wait until those who left are gone: *here* of a client's connections are still there."""
        while len(self.graph.hub.of_client(tenant.id)) > here:
            await trio.lowlevel.checkpoint()

    async def holdings(self, tenant: Tenant) -> dict[str, Any]:
        """All that a client has, but for what its own peers change by being there."""
        graph = self.graph
        return {
            "client": graph.clients.get(tenant.id),
            "keys": [msgspec.structs.replace(key, last_used_at=None) for key in graph.keys.list(tenant.id)],
            "devices": list(await graph.devices.list(tenant.id)),
            "inboxes": await graph.inboxes.infos(tenant.id),
            "waiting": {
                user: [kept.notification.id for kept in graph.inboxes.kept(tenant.id, UserId(user)).publications]
                for user in USERS
            },
            "channels": [(await graph.channels.history(tenant.id, channel, limit=1)).position for channel in CHANNELS],
            "stream": graph.engines.broker.history.position(tenant.id, ""),
            "connections": sorted(
                (connection.id, tuple(sorted(connection.subscriptions or ())))
                for connection in graph.hub.of_client(tenant.id)
            ),
        }
