from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.app.listeners.edge import applications, rest_options
from notifyd.app.showing.bounds import limits
from notifyd.app.showing.gauges import gauges
from notifyd.app.translate.socketio import socketio_settings
from notifyd.ingress.edge.deadlines import Deadlines
from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.socketio.server import SocketIoServer
from tests.service.node import RecordingLink

if TYPE_CHECKING:
    from notifyd.app.parts.graph import Graph


def handshake(target: str) -> Request:
    """A WebSocket handshake of somebody on this machine."""
    path, _, query = target.partition("?")
    where = (target.encode(), path, path.encode(), query.encode())
    return Request("GET", *where, "1.1", headers=(), body=b"", peer=Peer("127.0.0.1", 1))


def socketio_of(graph: Graph) -> SocketIoServer:
    return SocketIoServer(graph.namespaces, socketio_settings(graph.loaded.settings), Deadlines())


async def test_options_come_from_the_settings(graph: Graph) -> None:
    settings = graph.loaded.settings
    server = replace(settings.server, trusted_proxies=("10.0.0.0/8",))
    options = rest_options(replace(settings, server=server), dev=True, token="t")
    assert (options.dev, options.admin_token, options.trusted_proxies) == (True, "t", ("10.0.0.0/8",))
    assert options.page_bytes == graph.native_rules.page_bytes


async def test_the_console_is_as_the_settings_say(graph: Graph) -> None:
    settings = graph.loaded.settings
    console = replace(settings.console, enabled=False, idle_seconds=60.5)
    changed = replace(settings, console=console, socketio=replace(settings.socketio, path="/io"))
    options = rest_options(changed, dev=False, token="t").console
    assert (options.enabled, options.socketio_path) == (False, "/io")
    assert (options.rules.idle_ms, options.rules.max_ms) == (60_500, 43_200_000)


async def test_gauges_read_the_moment(graph: Graph) -> None:
    read = {gauge.name: gauge.read for gauge in gauges(graph, lambda: graph.loaded.settings, socketio_of(graph))}
    connection = graph.connector.admit(RecordingLink())
    assert read["connections"]() == {"websocket": 1}
    graph.connector.leave(connection)
    assert (read["connections"](), read["queue_waiting"](), read["queue_paused"]()) == ({}, 0, 0.0)
    await graph.queue.pause()
    assert read["queue_paused"]() == 1.0
    assert (read["channels"](), read["history_channels"](), read["socketio_sessions"]()) == (0, 0, 0)
    assert all(isinstance(value(), int | float | dict) for value in read.values())


async def test_the_bounds_are_those_in_force(graph: Graph) -> None:
    settings = graph.loaded.settings
    tighter = replace(settings, delivery=replace(settings.delivery, max_queue_size=7))
    read = {gauge.name: gauge.read for gauge in gauges(graph, lambda: tighter, socketio_of(graph))}
    assert read["limit"]() == limits(tighter)
    assert (limits(settings)["queue_size"], limits(tighter)["queue_size"]) == (10_000, 7)


async def test_both_ports_speak_websocket_and_one_socketio(graph: Graph) -> None:
    settings, deadlines = graph.loaded.settings, Deadlines()
    settings = replace(settings, socketio=replace(settings.socketio, path="/live"))
    socketio = SocketIoServer(graph.namespaces, socketio_settings(settings), deadlines)
    main, websocket = applications(graph, rest_options(settings, dev=False, token="t"), lambda: settings, socketio)
    assert main.options.admin_token == "t"
    assert isinstance(main.upgrade(handshake("/")), Upgrade)
    assert isinstance(websocket.upgrade(handshake("/")), Upgrade)
    assert main.upgrade(handshake("/socket.io/?EIO=4&transport=websocket")).status == 404  # type: ignore[union-attr]
    engine = main.upgrade(handshake("/live/?EIO=4&transport=websocket"))
    dialect = main.upgrade(handshake("/client-default?token=none"))
    assert [type(each.handler).__name__ for each in (engine, dialect)] == ["EngineConnection", "RefusedVisit"]  # type: ignore[union-attr]
