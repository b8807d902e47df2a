"""Where HTTP and WebSocket are served."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notifyd.app.listeners.edge import applications, rest_options
from notifyd.app.listeners.public import shown_host
from notifyd.app.problems import CannotStart
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.siblings.door import open_door
from notifyd.service.daemon import Listener

if TYPE_CHECKING:
    import socket as sockets

    from notifyd.app.listeners.fronts import Fronts
    from notifyd.app.parts.graph import Graph
    from notifyd.app.place import Place
    from notifyd.app.reload import Reloader
    from notifyd.config.listening import ServerSettings


def listen(graph: Graph, place: Place, fronts: Fronts, reloader: Reloader) -> list[Listener]:
    """Serve on PORT and WS_PORT, and as a worker what comes to the others; answers where, the admin socket included.

    Raises:
        CannotStart: a port is taken, or the address is not ours.
    """
    server = graph.loaded.settings.server
    options = partial(rest_options, dev=place.dev, token=place.token)
    edge = fronts.edge
    main, ws = applications(graph, options(graph.loaded.settings), lambda: reloader.settings, fronts.socketio)
    reloader.follow(lambda settings: main.configure(options(settings)))
    listeners = [Listener("admin", f"unix:{place.socket}")]
    tls = place.certificate.context if place.certificate else None
    secure = "s" if tls else ""
    shared = place.membership is not None
    http = _bind(server, server.port, "server.port", shared=shared)
    edge.listen(http, main, tls=tls)
    listeners.append(Listener("http", _url(f"http{secure}", server.host, http)))
    if server.ws_port_enabled:
        websocket = _bind(server, server.ws_port, "server.ws_port", shared=shared)
        edge.listen(websocket, ws, tls=tls)
        listeners.append(Listener("ws", _url(f"ws{secure}", server.host, websocket)))
    if place.membership is not None:
        edge.listen_to_siblings(open_door(place.membership.edge_sockets[place.membership.index]), main)
    return listeners


def _bind(server: ServerSettings, port: int, key: str, *, shared: bool) -> list[sockets.socket]:
    try:
        return open_sockets(server.host, port, backlog=server.backlog, shared=shared)
    except OSError as exc:
        raise CannotStart(f"cannot listen on {server.host}:{port} ({key}): {exc.strerror or exc}") from exc


def _url(scheme: str, host: str, bound: list[sockets.socket]) -> str:
    return f"{scheme}://{shown_host(host)}:{bound[0].getsockname()[1]}"
