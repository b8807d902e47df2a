"""A composed daemon over engines in memory: every real object, and if a test wants, served on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.app.listeners.edge import applications, rest_options
from notifyd.app.listeners.public import public_server
from notifyd.app.parts.cluster import node_of
from notifyd.app.parts.engines import Engines
from notifyd.app.parts.graph import Graph, compose
from notifyd.app.translate.edge import edge_settings
from notifyd.app.translate.engines import broker_options
from notifyd.app.translate.socketio import socketio_settings
from notifyd.config import Loaded, load_settings
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.socketio.server import SocketIoServer
from notifyd.ingress.rpc.public.server import PublicServer
from notifyd.store.memory.records import MemoryRecords
from notifyd.store.open import open_broker
from notifyd.telemetry.logs import LogOptions, configure
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import trio

    from notifyd.push.ports import PushProvider


def loaded_with(folder: Path, flags: Mapping[str, str] | None = None, text: str = "") -> Loaded:
    """The settings of a file that says *text*, and of *flags*."""
    file = folder / "notifyd.toml"
    file.write_text(text, encoding="utf-8")
    given = {"broker.durability": "memory", "server.state_dir": str(folder), "server.grpc_port": "0", **(flags or {})}
    return load_settings(config_file=file, environ={"HOME": str(folder)}, flags=given)


#: Under which the secrets of composed daemons are sealed.
MASTER_KEY = bytes(range(32))


async def composed(
    loaded: Loaded, nursery: trio.Nursery, *, push: PushProvider | None = None, dev: bool = False
) -> Graph:
    """The graph of these settings; its broker runs, and the client `default` is there."""
    counters = Counters()
    broker = await open_broker(broker_options(loaded.settings), counters)
    nursery.start_soon(broker.run)
    logbook = configure(LogOptions(console=False), counters)
    engines = Engines(broker, MemoryRecords(), counters, logbook, MASTER_KEY, node_of(loaded.settings, broker), push)
    graph = compose(loaded, engines, dev=dev)
    await graph.clients.load()
    return graph


class Served(msgspec.Struct, frozen=True):
    """A composed daemon that serves, on loopback ports."""

    graph: Graph
    edge: EdgeServer
    socketio: SocketIoServer
    public: PublicServer
    http: tuple[str, int]
    #: The second WebSocket port.
    ws: tuple[str, int]

    @property
    def grpc(self) -> str:
        """Where gRPC is."""
        return f"127.0.0.1:{self.public.port}"


async def served(graph: Graph, nursery: trio.Nursery, *, token: str) -> Served:
    """Everything that applications and users talk to, and what delivers; *token* is the admin token."""
    settings = graph.loaded.settings
    edge = EdgeServer(edge_settings(settings))
    engine = socketio_settings(settings)
    socketio = SocketIoServer(graph.namespaces, engine, edge.deadlines, graph.namespaces.allowed_origin)
    public = public_server(graph, token=token, dev=False, certificate=None)
    assert public is not None
    await nursery.start(edge.run)
    await nursery.start(public.run)
    nursery.start_soon(graph.dispatcher.run)
    nursery.start_soon(graph.sweeper.run)
    nursery.start_soon(graph.acks.house.clock.run)
    nursery.start_soon(graph.presence_news.run)
    main, ws = applications(graph, rest_options(settings, dev=False, token=token), lambda: settings, socketio)
    ports = []
    for app in (main, ws):
        sockets = open_sockets("127.0.0.1", 0)
        edge.listen(sockets, app)
        ports.append(("127.0.0.1", int(sockets[0].getsockname()[1])))
    graph.daemon.ready = True
    return Served(graph, edge, socketio, public, *ports)
