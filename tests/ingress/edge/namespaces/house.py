"""Users who speak with the namespaces without a socket between, as stock clients do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from notifyd.clock import now_ms
from notifyd.dispatch.dispatcher import outcomes_of
from notifyd.errors import StoreUnavailable
from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.namespaces.connection import SOCKETIO_ENCODERS, NamespaceConnection
from notifyd.ingress.edge.namespaces.dialect import FORMAT
from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
from notifyd.ingress.edge.socketio.api import Refusal, Welcome
from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, ConnectionId, UserId
from notifyd.model.notification import Kind
from notifyd.model.principal import operator
from notifyd.policy.receiving.recovery import Pids
from notifyd.service.receiving.attending import Attending
from notifyd.wire.namespaces import dialect
from tests.service.acking import acks_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from notifyd.ingress.edge.namespaces.application import NamespaceApplication
    from notifyd.ingress.edge.socketio.api import OnAck
    from tests.service.node import Node

PIDS = Pids(b"k" * 32)

#: How the hub writes to users.
ENCODERS = {**SOCKETIO_ENCODERS, FORMAT: dialect.notification_frame}


def rules(**changes: Any) -> NamespaceRules:
    """What is not changed leaves much room."""
    settings: dict[str, Any] = {
        "allowed_origins": (),
        "http_origins": (),
        "users_may_publish": True,
        "publishes_per_minute": 1000,
        "max_protocol_errors": 3,
        "page_bytes": 100_000,
        "proxies": TrustedProxies(()),
        **changes,
    }
    return NamespaceRules(**settings)


def services_of(node: Node) -> NamespaceServices:
    """The services of *node*."""
    return NamespaceServices(
        clients=node.clients,
        connector=node.connector,
        inboxes=node.inboxes,
        subscriber=node.subscriber,
        publisher=node.publisher,
        devices=node.devices,
        history=node.broker.history,
        pids=PIDS,
        counters=node.counters,
        durability="os",
        presence=node.presence,
        acks=acks_of(node.hub, node.broker, node.subscriber, node.inboxes, node.counters),
        attending=Attending(node.broker, node.subscriber),
    )


class Away:
    """What is to be at hand, while what it is in is away; an `Attendance`."""

    async def wait(self) -> None:
        """It does not come."""
        raise StoreUnavailable("redis.example is away", retry_after_seconds=1)


def handshake(path: str = "/socket.io/", query: str = "EIO=4&transport=websocket", **headers: str) -> Request:
    """The request that opens a transport."""
    pairs = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    target = f"{path}?{query}".encode()
    return Request("GET", target, path, path.encode(), query.encode(), "1.1", pairs, b"", Peer("192.0.2.7", 1))


class Wire:
    """The driver's side of one socket, and the way to the peer: what is written stays on it until it is read."""

    def __init__(self, namespace: str, transport: str = "websocket") -> None:
        self.namespace = namespace
        self.sid = ""
        self.transport = transport
        #: Events and pings, in order.
        self.under_way: list[list[Any] | int] = []
        self.closes: list[tuple[int, str]] = []
        #: What waits for acks, by their ids, and the id that each notification came with last.
        self.callbacks: list[OnAck] = []
        self.asked: dict[str, int] = {}
        self.disconnects = 0
        self.limit = 10_000
        self.writes = 0
        self.pending_bytes = 11
        self.sent_bytes = 22

    def put(self, data: bytes) -> bool:
        if len(self.under_way) >= self.limit:
            return False
        self.writes += 1
        texts = _polled(data) if self.transport == "polling" else _framed(data)
        for text in texts:
            head = f"42{self.namespace},".encode()
            assert text.startswith(head), text
            number, _, event = text[len(head) :].partition(b"[")
            self.under_way.append(json.loads(b"[" + event))
            if number:
                self.asked[self.under_way[-1][1]["notificationId"]] = int(number)
        return True

    def emit(self, event: str, *arguments: Any) -> bool:
        if len(self.under_way) >= self.limit:
            return False
        self.under_way.append([event, *arguments])
        return True

    def emit_with_ack(self, event: str, *arguments: Any, on_ack: OnAck) -> bool:
        return self.emit(event, *arguments)

    def ask(self, on_ack: OnAck) -> int:
        self.callbacks.append(on_ack)
        return len(self.callbacks) - 1

    def ping(self, mark: int = 0) -> None:
        self.under_way.append(mark)

    def disconnect(self) -> None:
        self.disconnects += 1

    def close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))


def _polled(data: bytes) -> list[bytes]:
    return [piece for piece in data.split(b"\x1e") if piece]


def _framed(frames: bytes) -> list[bytes]:
    found = []
    while frames:
        assert frames[0] == 0x81, "whole text frames"
        at, length = (2, frames[1]) if frames[1] < 126 else (4, int.from_bytes(frames[2:4], "big"))
        found.append(frames[at : at + length])
        frames = frames[at + length :]
    return found


class User:
    """A stock client: answers pings, keeps the pid and the last text that an event ended with, and recovers."""

    def __init__(
        self, node: Node, application: NamespaceApplication, user_id: str, client_id: ClientId = DEFAULT_CLIENT
    ) -> None:
        self.node = node
        self.application = application
        self.user_id = user_id
        self.client_id = client_id
        self.namespace = f"/client-{client_id}"
        self.pid = ""
        self.offset: str | None = None
        self.sid = ""
        self.recovered = False
        self.events: list[list[Any]] = []
        self.wire = Wire(self.namespace)
        self.handler: NamespaceConnection

    def connect(self, *, transport: str = "websocket", limit: int = 10_000, **auth: Any) -> Refusal | None:
        """Connect, bringing what a client that was connected before brings; *limit* is what the wire holds."""
        recovery = {"pid": self.pid, "offset": self.offset} if self.pid else {}
        if self.offset is None:
            recovery.pop("offset", None)
        token = self.node.token(self.user_id, self.client_id)
        answer = self.application.connect(self.namespace, {**recovery, "token": token, **auth}, handshake(), transport)
        if isinstance(answer, Refusal):
            return answer
        assert isinstance(answer, Welcome)
        return self.open(answer, transport, limit)

    def open(self, welcome: Welcome, transport: str = "websocket", limit: int = 10_000) -> None:
        """The driver opens the socket."""
        assert isinstance(welcome.handler, NamespaceConnection)
        self.handler = welcome.handler
        self.recovered = bool(self.pid) and self.pid == welcome.pid
        self.pid, self.sid = welcome.pid, welcome.sid
        self.wire = Wire(self.namespace, transport)
        self.wire.limit = limit
        self.handler.opened(self.wire)

    def read(self, count: int | None = None) -> User:
        """Take what is under way, or so much of it, and answer the pings in it."""
        left = -1 if count is None else count
        while self.wire.under_way and left:
            left -= 1
            each = self.wire.under_way.pop(0)
            if isinstance(each, int):
                self.handler.proven(each)
                continue
            self.events.append(each)
            if self.pid and isinstance(each[-1], str):
                self.offset = each[-1]
        return self

    def drop(self) -> None:
        """The link breaks: what is under way is lost, and the daemon learns of it."""
        self.wire.under_way.clear()
        self.handler.closed("transport close")

    def said(self, event: str = "notification") -> list[Any]:
        """The arguments of what came as *event*; the first of each where there is one."""
        return [each[1] if len(each) > 1 else None for each in self.read().events if each[0] == event]

    def data(self) -> list[Any]:
        """What notifications carried that hold a number."""
        return [notification["n"] for notification in self.said()]

    async def call_back(self, notification_id: str) -> None:
        """Call the callback that a notification came with."""
        await finished(self.wire.callbacks[self.wire.asked[notification_id]]([]))

    async def ask(self, event: str, *arguments: Any) -> Any:
        """Emit, and wait for the ack."""
        answers: list[Any] = []
        await finished(self.handler.event(event, list(arguments), lambda *given: answers.extend(given)))
        return answers[0] if answers else None

    async def emit(self, event: str, *arguments: Any) -> User:
        """Emit without an ack."""
        await finished(self.handler.event(event, list(arguments), None))
        return self


async def finished(step: Coroutine[Any, Any, None] | None) -> None:
    if step is not None:
        await step


async def publish(
    node: Node,
    number: int,
    *,
    users: tuple[str, ...] = (),
    sockets: tuple[str, ...] = (),
    client_id: ClientId = DEFAULT_CLIENT,
    dispatch: bool = True,
    **fields: Any,
) -> None:
    """One notification that carries a number: to users, to sockets, or to everybody."""
    command = Publish(
        Kind.USERS if users else Kind.CONNECTIONS if sockets else Kind.BROADCAST,
        "",
        json.dumps({"n": number}).encode(),
        users=tuple(map(UserId, users)),
        connections=tuple(map(ConnectionId, sockets)),
        **fields,
    )
    await node.publisher.submit(operator(client_id), command).result()
    if dispatch:
        await node.dispatch()


async def dispatch_with(node: Node, between: Callable[[], Awaitable[None]]) -> None:
    """Dispatch what is due, and do something when it is in the histories and not yet with the hub."""
    now = now_ms()
    leases = await node.broker.queue.lease(limit=100, lease_seconds=30, now=now)
    publications = await node.broker.history.append(leases, now=now)
    await between()
    counts = await node.hub.fan_out(publications)
    await node.broker.queue.settle(outcomes_of(leases, publications, counts), now=now)
