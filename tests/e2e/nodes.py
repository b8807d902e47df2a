"""Two daemons that are one service, and what tests of them need."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from notifyd.redislink.keys import Keys
from tests.e2e.cluster import shared
from tests.e2e.daemon import Daemon
from tests.e2e.hostile import App, register
from tests.e2e.patience import PATIENCE
from tests.e2e.rest import rest
from tests.interop.shared import shared_daemon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

#: DESIGN section 8: on every node.
SECONDS: Final = 5.0
#: Presence is shown in channels of these names.
ROOMS: Final = "room-*"


class Pair(msgspec.Struct, frozen=True):
    """Two nodes, and a client with a key that both know."""

    here: Daemon
    there: Daemon
    app: App
    key: str

    @property
    def keys(self) -> Keys:
        """How both name keys in their Redis."""
        setting = "broker.prefix="
        return Keys(next(each.removeprefix(setting) for each in self.here.settings if each.startswith(setting)))

    def at(self, daemon: Daemon) -> App:
        """The client as it is at one of them."""
        return App(daemon, self.app.id)

    async def new_key(self) -> dict[str, Any]:
        """A key of the client that both know."""
        made = await self.here.new_key(clientId=self.app.id)
        for daemon in (self.here, self.there):
            await until_known(daemon, made["keyId"])
        return made


async def pair_of(here: Daemon, there: Daemon) -> Pair:
    """What tests of two running daemons need."""
    app = await register(here)
    made = await here.new_key(clientId=app.id)
    await until_known(there, made["keyId"])
    return Pair(here, there, app, made["apiKey"])


async def until_known(daemon: Daemon, key_id: str) -> None:
    """Wait until a daemon knows a key that another one has made."""
    with trio.fail_after(SECONDS * PATIENCE):
        async with daemon.rest() as client:
            while (await client.call("GET", f"/api/keys/{key_id}")).status != 200:  # noqa: ASYNC110
                await trio.sleep(0.02)


@contextmanager
def running_pair(folder: Path, redis_url: str, *settings: str) -> Iterator[tuple[Daemon, Daemon]]:
    """Two daemons in threads of their own while the body runs, for all tests of a module."""
    for name in ("here", "there"):
        config = folder / name / "notifyd"
        config.mkdir(parents=True)
        (config / "notifyd.toml").write_text(f'[[channels]]\npattern = "{ROOMS}"\npresence = true\n')
    with (
        shared(folder, redis_url, *settings) as common,
        shared_daemon(folder / "here", *common) as here,
        shared_daemon(folder / "there", *common) as there,
    ):
        yield here, there


class Gone(Exception):
    """The stream of events has ended."""


@asynccontextmanager
async def server_sent(daemon: Daemon, path: str, key: str, last_event_id: str = "") -> AsyncIterator[Events]:
    """An answer with Server-Sent Events."""
    async with await trio.open_tcp_stream(*daemon.http) as stream:
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"X-API-Key: {key}"]
        lines += [f"Last-Event-ID: {last_event_id}"] if last_event_id else []
        await stream.send_all("\r\n".join([*lines, "", ""]).encode())
        yield Events(stream)


class Events:
    """Server-Sent Events as they come."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""
        self._blocks: list[bytes] = []
        #: Of the last event that had one.
        self.id = ""

    async def next(self, name: str) -> dict[str, Any]:
        """The data of the next event of that name; others are passed over."""
        while True:
            while self._blocks:
                lines = [line.partition(b": ") for line in self._blocks.pop(0).split(b"\n")]
                fields = {field: value for field, _, value in lines}
                self.id = fields.get(b"id", self.id.encode()).decode()
                if fields.get(b"event") == name.encode():
                    return dict(msgspec.json.decode(fields[b"data"]))
            data = await self._stream.receive_some(65_536)
            if not data:
                raise Gone
            # sizes of chunks stand on lines of their own, which no event has
            *self._blocks, self._rest = (self._rest + bytes(data)).replace(b"\r\n", b"\n").split(b"\n\n")


async def send_to(app: App, user: str, number: int) -> str:
    """Publish `{"n": number}` to a user of the client; the notification's id."""
    async with rest(app.daemon.http) as client:
        body = {"clientId": app.id, "users": [user], "payload": {"n": number}}
        reply = await client.call("POST", "/api/v1/notifications", body)
    assert reply.status == 202, reply
    return str(reply.json["notificationId"])
