"""What the credentials of one client are tried with on another: naming its things by their very ids.

Each attack has to end as it would with a name that nobody has, so that not even the existence of a thing is learned.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import grpc
import jwt
import msgspec

from notifyd.v1 import client_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.e2e.peer import Ended
from tests.e2e.sockets import ENGINE, SocketIo, websocket
from tests.property.isolation_world import Tenant, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FAR_AHEAD = 4_000_000_000


class Loot(msgspec.Struct):
    """What is known of the victim."""

    notifications: list[str]
    devices: list[str]
    connections: list[str]


class Thief(msgspec.Struct):
    """A client, and the one that it is after."""

    world: World
    me: Tenant
    victim: Tenant
    loot: Loot

    @property
    def credentials(self) -> list[dict[str, str]]:
        """All that it has, as headers of REST."""
        bearers = (self.me.key, self.me.secret, self.me.tokens["alice"])
        return [
            {"X_API_Key": self.me.key},
            {"X_Client_Secret": self.me.secret},
            *({"Authorization": f"Bearer {bearer}"} for bearer in bearers),
        ]

    async def try_rest(self, method: str, path: str, name: str, body: dict[str, Any] | None = None) -> None:
        """With every credential: {name} in the path and the body is *name*, or something that nobody has."""
        for headers in self.credentials:
            real, fake = [await self._rest(method, path, body, each, headers) for each in (name, fake_of(name))]
            assert real == fake, f"{method} {path} tells a real name from another: {real} {fake}"

    async def _rest(self, method: str, path: str, body: Any, name: str, headers: dict[str, str]) -> tuple[Any, ...]:
        sent = None if body is None else {key: name if value == "{name}" else value for key, value in body.items()}
        reply = await self.world.rest(method, path.replace("{name}", name), sent, **headers)
        told = msgspec.json.decode(reply.body)
        if not told["success"]:
            del told["error"]["requestId"]
        assert self.victim.id not in reply.body.decode().replace(name, ""), reply
        return reply.status, msgspec.json.encode(told).decode().replace(name, "NAME")

    async def try_rpc(self, method: str, request: Callable[[str], Any], name: str) -> None:
        """As `try_rest`, over gRPC; nothing of it may succeed."""
        shown = [("x-api-key", self.me.key), ("x-client-secret", self.me.secret)]
        shown.append(("authorization", f"Bearer {self.me.tokens['alice']}"))
        for pair in shown:
            real, fake = [await self._rpc(method, request(each), each, pair) for each in (name, fake_of(name))]
            assert real == fake, f"{method} tells a real name from another: {real} {fake}"

    async def _rpc(self, method: str, request: Any, name: str, shown: tuple[str, str]) -> tuple[Any, ...]:
        refused = await self.world.rpc(method, request, shown)
        assert isinstance(refused, grpc.RpcError), f"{method} was let through: {refused}"
        return refused.code(), refused.details().replace(name, "NAME")  # type: ignore[attr-defined]


def fake_of(name: str) -> str:
    """A name of the same form that nobody has."""
    head, _, tail = name.rpartition("_")
    return f"{head}_{secrets.token_hex(len(tail))[: len(tail)]}" if head else secrets.token_hex(len(name))[: len(name)]


async def receipts(thief: Thief) -> None:
    """Reading and withdrawing notifications."""
    for notification_id in thief.loot.notifications[-2:]:
        await thief.try_rest("GET", "/api/notifications/{name}", notification_id)
        await thief.try_rest("GET", "/api/notifications/{name}?wait=acked&timeout=1", notification_id)
        await thief.try_rest("DELETE", "/api/notifications/{name}", notification_id)
        await thief.try_rpc("GetReceipt", lambda name: pb.GetReceiptRequest(id=name), notification_id)


async def devices(thief: Thief) -> None:
    """Removing devices, and leading pushes astray."""
    for device_id in thief.loot.devices[-2:]:
        await thief.try_rest("DELETE", "/api/v1/devices/{name}", device_id)
        await thief.try_rest("DELETE", f"/api/v1/devices/{device_id}?clientId={{name}}", thief.victim.id)
    await thief.try_rest("GET", "/api/v1/devices?clientId={name}", thief.victim.id)
    body = {"clientId": "{name}", "userId": "alice", "fcmToken": "stolen"}
    await thief.try_rest("POST", "/api/v1/devices", thief.victim.id, body)
    await thief.try_rpc(
        "RegisterFCMToken",
        lambda name: pb.RegisterFCMTokenRequest(clientId=name, userId="alice", fcmToken="stolen"),
        thief.victim.id,
    )


async def users(thief: Thief) -> None:
    """Reading inboxes, and sending to users."""
    await thief.try_rest("GET", "/api/v1/users/alice/inbox?clientId={name}", thief.victim.id)
    body = {"clientId": "{name}", "users": ["alice"], "payload": 1}
    await thief.try_rest("POST", "/api/v1/notifications", thief.victim.id, body)
    target = types_pb2.Target(users=types_pb2.UserTarget(user_ids=["alice"]))
    await thief.try_rpc(
        "Publish",
        lambda name: types_pb2.PublishRequest(client_id=name, target=target, data_json="1"),
        thief.victim.id,
    )


async def administration(thief: Thief) -> None:
    """What only operators may."""
    victim = thief.victim
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        await thief.try_rest(method, f"/api/keys/{{name}}{path}", victim.key_id)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/rotate-secret")):
        await thief.try_rest(method, f"/api/v1/clients/{{name}}{path}", victim.id)
    await thief.try_rest("GET", "/api/keys?clientId={name}", victim.id)
    await thief.try_rest("POST", "/api/keys", victim.id, {"clientName": "x", "clientId": "{name}"})
    await thief.try_rest("POST", "/api/v1/tokens", victim.id, {"clientId": "{name}", "userId": "alice"})

    for path in ("/api/dead-letters?clientId={name}", "/api/durable-subscriptions?clientId={name}"):
        await thief.try_rest("GET", path, victim.id)


async def acks(thief: Thief) -> None:
    """Acking what the victim's connections were sent, and looking who is in its channels."""
    body = {"connectionId": "{name}", "ids": thief.loot.notifications[-1:]}
    for connection_id in thief.loot.connections[-2:]:
        await thief.try_rest("POST", "/api/notifications/ack", connection_id, body)
        await thief.try_rpc(
            "Ack", lambda name: pb.AckRequest(connection_id=name, ids=thief.loot.notifications[-1:]), connection_id
        )
    await thief.try_rest("GET", "/api/channels/news/presence?clientId={name}", thief.victim.id)
    await thief.try_rpc("GetPresence", lambda name: pb.PresenceRequest(client_id=name, channel="news"), thief.victim.id)


def forged(thief: Thief, client_id: str) -> str:
    """A token of *client_id* that is signed with the thief's own secret."""
    claims = {"clientId": client_id, "userId": "alice", "exp": FAR_AHEAD}
    return jwt.encode(claims, thief.me.secret, algorithm="HS256")


async def forged_tokens(thief: Thief) -> None:
    """Tokens that name the victim."""
    real, fake = [forged(thief, client_id) for client_id in (thief.victim.id, fake_of(thief.victim.id))]
    answers = [
        await thief.world.rest("GET", "/api/v1/users/alice/inbox", Authorization=f"Bearer {token}")
        for token in (real, fake)
    ]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].json["error"]["code"] == answers[1].json["error"]["code"] == "token_bad_signature"
    for token in (real, fake):
        call = await thief.world.rpc(
            "AckInbox", pb.AckInboxRequest(position={"epoch": "e", "offset": 1}), ("authorization", f"Bearer {token}")
        )
        assert call.code() is grpc.StatusCode.UNAUTHENTICATED
        async with websocket(thief.world.served.ws, "/") as ws:
            await ws.hear()
            await ws.send(msgspec.json.encode({"type": "authenticate", "token": token}).decode())
            refusal = msgspec.json.decode(await ws.hear())  # type: ignore[arg-type]
            assert refusal["code"] == "token_bad_signature"
            assert (await ws.ended()).code == 4003


async def namespaces(thief: Thief) -> None:
    """The victim's namespace, by every way that a token may come, beside the own one on one transport."""
    me, victim = thief.me, thief.victim
    tokens = (me.tokens["alice"], forged(thief, victim.id), me.secret, me.key, "")
    headers = (f"Cookie: session={me.tokens['alice']}", f"Origin: {victim.origin}")
    async with websocket(thief.world.served.http, f"{ENGINE}&transport=websocket", *headers) as ws:
        io = SocketIo(ws)
        await ws.hear()
        for token in tokens:
            for client_id in (victim.id, me.id, ""):
                answer = await io.connect(victim.namespace, {"clientId": client_id, "token": token})
                assert "error" in answer, answer
        assert "error" not in await io.connect(me.namespace, {"token": jwt_of(me, "nobody")})
        assert "error" in await io.connect(victim.namespace, {"token": me.tokens["alice"]})
    for token in tokens:
        target = f"{victim.namespace}?clientId={victim.id}&token={token}"
        async with websocket(thief.world.served.http, target, *headers) as ws:
            said = msgspec.json.decode(await ws.hear())  # type: ignore[arg-type]
            assert said["event"] == "exception"
            assert isinstance(await ws.hear(), Ended)


def jwt_of(tenant: Tenant, user: str, **more: Any) -> str:
    """A token of the tenant's own."""
    claims = {"clientId": tenant.id, "sub": user, "exp": FAR_AHEAD, **more}
    return jwt.encode(claims, tenant.secret, algorithm="HS256")


async def streams(thief: Thief) -> None:
    """The victim's channels, and the streams that have no name."""
    me, victim = thief.me, thief.victim
    for client_id, channel in ((victim.id, "news"), (fake_of(victim.id), "news"), ("", "")):
        request = pb.SubscribeRequest(client_id=client_id, channels=[pb.ChannelPosition(channel=channel)])
        stub = NotificationServiceStub(thief.world.grpc_channel)
        stream = stub.Subscribe(request, metadata=(("x-api-key", me.key),), timeout=10)
        code = await thief.world.in_thread(_code_of, stream)
        assert code is (grpc.StatusCode.PERMISSION_DENIED if client_id else grpc.StatusCode.INVALID_ARGUMENT)
    own = await thief.world.rest("GET", "/api/channels/news/history", X_API_Key=me.key)
    other = await thief.world.rest("GET", f"/api/channels/news/history?clientId={victim.id}", X_API_Key=me.key)
    assert own.body == other.body
    hidden = await thief.world.rest("GET", "/api/channels//history", X_API_Key=me.key)
    assert hidden.status in (400, 404)


async def positions(thief: Thief) -> None:
    """The victim's places in its streams, and acks of what it was sent."""
    me, victim = thief.me, thief.victim
    place = (await thief.world.graph.channels.history(victim.id, "news", limit=1)).position
    since = {"epoch": place.epoch, "offset": max(0, place.offset - 1)}
    path = f"/api/channels/news/history?since={since['epoch']}:{since['offset']}"
    assert victim.id not in (await thief.world.rest("GET", path, X_API_Key=me.key)).body.decode()
    async with websocket(thief.world.served.ws, "/") as ws:
        await ws.hear()
        token = jwt_of(me, "nobody", channels=["*"])
        await ws.send(msgspec.json.encode({"type": "authenticate", "token": token, "since": since}).decode())
        await ws.send(msgspec.json.encode({"type": "subscribe", "channel": "news", "since": since}).decode())
        await ws.send('{"type":"ping"}')
        while '"pong"' not in (heard := str(await ws.hear())):
            assert victim.id not in heard
        for name in thief.loot.notifications[-1:]:
            answers = []
            for each in (name, fake_of(name)):
                await ws.send(msgspec.json.encode({"type": "ack", "id": each}).decode())
                answers.append(msgspec.json.decode(await ws.hear()))  # type: ignore[arg-type]
            assert answers[0] == answers[1]
            assert answers[0]["code"] == "notification_not_found"


def _code_of(stream: Any) -> Any:
    try:
        next(stream)
    except grpc.RpcError as exc:
        return exc.code()  # type: ignore[attr-defined]
    return None


ATTACKS: tuple[Callable[[Thief], Awaitable[None]], ...] = (
    receipts,
    devices,
    users,
    administration,
    acks,
    forged_tokens,
    namespaces,
    streams,
    positions,
)
