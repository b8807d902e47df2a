"""Two workers in one process: each has its own edge and its own sessions, and knows the other's door."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from notifyd.ingress.edge.siblings.door import open_door
from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.ingress.edge.socketio.engine import EngineServer
from notifyd.ingress.edge.socketio.settings import EngineSettings
from notifyd.wire.socketio.engineio import EngineRules
from tests.conformance.server import EngineEchoes
from tests.ingress.edge.edge_harness import serving
from tests.ingress.edge.socketio.drivers import Asked, Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.ingress.edge.http.request import Request


class NotingApp(Asked):
    """Remembers every request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def fast(self, request: Request) -> Any:
        self.requests.append(request)
        return super().fast(request)

    def upgrade(self, request: Request) -> Any:
        self.requests.append(request)
        return super().upgrade(request)


class House(NamedTuple):
    """The workers, as peers of each see them."""

    peers: list[Peer]
    engines: list[EngineServer]
    apps: list[NotingApp]
    doors: list[Path]


@asynccontextmanager
async def house(count: int = 2, *, tls: Any = None, **edge: Any) -> AsyncIterator[House]:
    """Serve with *count* workers."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="nd")))
        doors = [folder / f"{index}.edge" for index in range(count)]
        built = House([], [], [], doors)
        nursery = await stack.enter_async_context(trio.open_nursery())
        stack.callback(nursery.cancel_scope.cancel)
        for index in range(count):
            app = NotingApp()
            served = await stack.enter_async_context(serving(app, tls=tls, **edge))
            siblings = Siblings(index, doors)
            await nursery.start(siblings.run)
            settings = EngineSettings(rules=EngineRules(ping_interval_seconds=20, ping_timeout_seconds=20))
            app.engine = EngineServer(EngineEchoes(), settings, served.server.deadlines, lambda request: "*", siblings)
            served.server.listen_to_siblings(open_door(doors[index]), app)
            built.peers.append(Peer(served, "/engine.io/"))
            built.engines.append(app.engine)
            built.apps.append(app)
        yield built
