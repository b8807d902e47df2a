"""What attacks on the client service need: an application with users, tokens made by hand, and a look at the daemon."""

from __future__ import annotations

import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import jwt
import msgspec
import trio

from tests.e2e.daemon import Daemon
from tests.e2e.patience import PATIENCE
from tests.e2e.sockets import ENGINE, Polling, SocketIo, polling, websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


SECRET: Final = "the-secret-of-the-application-under-attack"
COOKIE: Final = "session"
ORIGIN: Final = "https://app.example"

#: Descriptors that the daemon may hold for itself beyond those before: a connection that is just closing.
_MORE_DESCRIPTORS: Final = 3


class App(msgspec.Struct, frozen=True):
    """A registered client."""

    daemon: Daemon
    id: str

    @property
    def namespace(self) -> str:
        return f"/client-{self.id}"

    def token(self, user: str = "alice", **claims: Any) -> str:
        """A good token; *claims* are added."""
        body = {"clientId": self.id, "userId": user, "exp": int(time.time()) + 3600, **claims}
        return jwt.encode(body, SECRET, algorithm="HS256")

    def auth(self, user: str = "alice") -> dict[str, Any]:
        """What a good client brings."""
        return {"clientId": self.id, "token": self.token(user)}

    @asynccontextmanager
    async def socket(self, user: str = "alice", **more: Any) -> AsyncIterator[SocketIo]:
        """A socket on WebSocket, connected."""
        async with engine(self.daemon) as io:
            answer = await io.connect(self.namespace, {**self.auth(user), **more})
            assert "error" not in answer, answer
            yield io

    @asynccontextmanager
    async def sleeper(self, user: str) -> AsyncIterator[None]:
        """A socket on WebSocket that reads nothing once it is connected, and for which the kernel takes little."""
        async with websocket(self.daemon.http, f"{ENGINE}&transport=websocket", receive_buffer=4096) as ws:
            await ws.hear()
            assert "error" not in await SocketIo(ws).connect(self.namespace, self.auth(user))
            yield

    @asynccontextmanager
    async def polling(self, user: str = "alice") -> AsyncIterator[tuple[Polling, SocketIo]]:
        """A socket on polling, connected."""
        async with polling(self.daemon.http) as session:
            io = SocketIo(session)
            assert "error" not in await io.connect(self.namespace, self.auth(user))
            yield session, io


async def register(daemon: Daemon) -> App:
    """Make a client."""
    body = {"appName": "app", "clientSecret": SECRET, "clientUrl": ORIGIN, "cookieName": COOKIE}
    async with daemon.rest() as client:
        reply = await client.call("POST", "/api/v1/clients", body)
    assert reply.status == 201, reply
    return App(daemon, reply.json["id"])


@asynccontextmanager
async def engine(daemon: Daemon, query: str = "", *headers: str) -> AsyncIterator[SocketIo]:
    """An Engine.IO connection on WebSocket, in no namespace yet."""
    async with websocket(daemon.http, f"{ENGINE}&transport=websocket{query}", *headers) as ws:
        opening = await ws.hear()
        assert isinstance(opening, str), opening
        assert opening[0] == "0", opening
        yield SocketIo(ws)


def descriptors(daemon: Daemon) -> int:
    """How many the daemon holds."""
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


@asynccontextmanager
async def nothing_left(daemon: Daemon) -> AsyncIterator[None]:
    """Afterwards the daemon holds as many descriptors and connections as before."""
    before = descriptors(daemon), await connections(daemon)
    yield
    with trio.fail_after(10 * PATIENCE):
        while descriptors(daemon) > before[0] + _MORE_DESCRIPTORS or await connections(daemon) > before[1]:  # noqa: ASYNC110
            await trio.sleep(0.05)


async def connections(daemon: Daemon) -> int:
    """Live connections, as the daemon counts them."""
    async with daemon.rest() as client:
        return int((await client.call("GET", "/api/stats")).json["stats"]["connections"])
