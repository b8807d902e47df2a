"""Registered clients, and what they do as their users know it: tokens, notifications over REST, Socket.IO."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
import trio

from tests.e2e.daemon import Daemon
from tests.e2e.rest import rest
from tests.interop.programs import HERE, MODULES, Program, npm_package, program, tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECRET = "a secret of forty characters, more or less"


class Application(msgspec.Struct, frozen=True):
    """A registered client."""

    daemon: Daemon
    id: str

    @property
    def url(self) -> str:
        """Its namespace."""
        return f"http://localhost:{self.daemon.http[1]}/client-{self.id}"

    def token(self, user: str = "alice", *, seconds: float = 3600, secret: str = SECRET, **claims: object) -> str:
        """A token of one of its users."""
        said = {"sub": user, "userId": user, "clientId": self.id, "exp": time.time() + seconds, **claims}
        return jwt.encode({name: value for name, value in said.items() if value is not None}, secret, "HS256")

    def auth(self, user: str = "alice", **more: object) -> dict[str, object]:
        """What a user gives to `io()`."""
        return {"clientId": self.id, "token": self.token(user), **more}

    async def send(self, *users: str, **payload: object) -> str:
        """Notify users over REST; the notification's id."""
        async with rest(self.daemon.http) as client:
            body = {"clientId": self.id, "users": users, "payload": payload}
            reply = await client.call("POST", "/api/v1/notifications", body)
        assert reply.status == 202, reply
        return str(reply.json["notificationId"])


async def register(daemon: Daemon, **fields: str) -> Application:
    """A new client."""
    async with rest(daemon.http) as client:
        body = {"appName": "Shop", "clientSecret": SECRET, **fields}
        reply = await client.call("POST", "/api/v1/clients", body)
    assert reply.status == 201, reply
    return Application(daemon, reply.json["id"])


Told = dict[str, Any]


class Remote:
    """A program that does as it is told, and tells what happens: JSON objects, one a line, both ways."""

    def __init__(self, running: Program) -> None:
        self._running = running
        #: All that it has told.
        self.told: list[Told] = []
        self._heard: Counter[tuple[str, str]] = Counter()

    async def do(self, what: str, name: str = "a", **more: object) -> None:
        """Have it do something with the socket *name*."""
        await self._running.say(json.dumps({"do": what, "as": name, **more}))

    async def hear(self, tell: str, name: str = "a") -> Told:
        """The next of that kind from the socket *name*, whether or not it was told already."""
        self._heard[tell, name] += 1
        try:
            while len(self.all(tell, name)) < self._heard[tell, name]:
                self.told.append(json.loads(await self._running.until("")))
        except trio.Cancelled:
            print(f"waited for {tell} of {name}; told last:", *self.told[-9:], sep="\n")
            raise
        return self.all(tell, name)[self._heard[tell, name] - 1]

    def all(self, tell: str, name: str = "a") -> list[Told]:
        """All of that kind that it has told."""
        return [told for told in self.told if (told["tell"], told["as"]) == (tell, name)]

    async def ask(self, event: str, *arguments: object, name: str = "a") -> Any:
        """Emit an event; the answer in its ack."""
        await self.do("emit", name, event=event, args=arguments, ack=True)
        return (await self.hear("ack", name))["args"][0]

    async def connect(self, application: Application, user: str = "alice", *, name: str = "a", **options: Any) -> Told:
        """Connect as a user, and wait for it."""
        options.setdefault("auth", application.auth(user))
        await self.do("connect", name, url=application.url, options=options)
        return await self.hear("connect", name)

    async def refused(self, application: Application, **options: Any) -> Told:
        """Try to connect; the error."""
        await self.do("connect", url=application.url, options={"forceNew": True, **options})
        return await self.hear("connect_error")

    async def notification(self, name: str = "a") -> Told:
        """The next notification: its first argument."""
        return dict((await self.hear("notification", name))["args"][0])

    def notifications(self, name: str = "a", field: str = "notificationId") -> list[Any]:
        """That field of all notifications so far."""
        return [told["args"][0][field] for told in self.all("notification", name)]


@asynccontextmanager
async def socketio(folder: Path) -> AsyncIterator[Remote]:
    """A process with stock Socket.IO clients."""
    npm_package("socket.io-client")
    async with node_script("socketio.js", folder) as remote:
        yield remote


@asynccontextmanager
async def node_script(name: str, folder: Path) -> AsyncIterator[Remote]:
    """One of our scripts, on Node."""
    environ = {"NODE_PATH": str(MODULES)}
    async with program(tool("node"), str(HERE / "scripts" / name), folder=folder, environ=environ) as running:
        remote = Remote(running)
        await remote.hear("ready", "")
        yield remote
