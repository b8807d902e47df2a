"""The running daemon: what starts in which order, what keeps going, and how it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.app import translate, translate_engines
from notifyd.app.doctor import compose_doctor
from notifyd.app.draining import Drainer
from notifyd.app.edge import applications, rest_options
from notifyd.app.fronts import Fronts
from notifyd.app.graph import Engines, Graph, compose
from notifyd.app.panel import show_panel
from notifyd.app.problems import CannotStart
from notifyd.app.public import public_server, shown_host, start_public
from notifyd.app.reload import Reloader
from notifyd.app.sd_notify import ServiceManager
from notifyd.app.secrets import wrong_master_key
from notifyd.app.sockets import found_by_itself
from notifyd.app.tls import Certificate
from notifyd.app.upkeep import keep_durables, keep_last_uses, try_to_keep_last_uses, watch_records, watchdog
from notifyd.config import Loaded, Settings
from notifyd.errors import Invalid
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.socketio.server import SocketIoServer
from notifyd.ingress.rpc.server import AdminServer
from notifyd.ingress.rpc.services import AdminServices
from notifyd.policy.sealing import SealBroken
from notifyd.push.fcm import open_push
from notifyd.service.daemon import Listener
from notifyd.service.logs import Logs
from notifyd.store.open import open_broker, open_records
from notifyd.telemetry.logs import Logbook
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    import socket as sockets

log = structlog.get_logger("notifyd")

_STARTUP_SECONDS: Final = 120.0


class Place(msgspec.Struct, frozen=True):
    """Where and how this daemon runs, beside its settings."""

    socket: Path
    #: The admin token; empty in development mode.
    token: str
    #: Under which clients' secrets are sealed.
    master_key: bytes
    dev: bool
    counters: Counters
    logbook: Logbook
    #: Its file where this start has made it.
    fresh_master_key: Path | None = None
    #: None where TLS is off.
    certificate: Certificate | None = None
    #: Reads the configuration again; None where there is nothing to read.
    reload: Callable[[], Loaded] | None = None


async def run_daemon(loaded: Loaded, place: Place) -> None:
    """Start everything, serve until a signal or an operator says drain, and end politely.

    The broker outlives everything else, so that what was accepted last is committed.
    """
    graph = await _prepare(loaded, place)
    engines = graph.engines
    async with trio.open_nursery() as engine_nursery:
        engine_nursery.start_soon(engines.broker.run)
        await _serve(graph, place)
        await try_to_keep_last_uses(graph.keys)
        engine_nursery.cancel_scope.cancel()
    await engines.records.close()
    if engines.push is not None:
        await engines.push.close()
    await graph.telling.caller.close()


async def _prepare(loaded: Loaded, place: Place) -> Graph:
    try:
        with trio.fail_after(_STARTUP_SECONDS):
            engines = await _open(loaded, place)
            graph = compose(loaded, engines, dev=place.dev)
            await _load_clients(graph, place)
            keys = await engines.records.keys.load()
            # a key whose client is gone is nobody's, whatever a crash left behind
            graph.ring.load(key for key in keys if graph.clients.find(key.client_id) is not None)
    except trio.TooSlowError as exc:
        folder = loaded.settings.server.state_dir
        raise CannotStart(f"what {folder} holds could not be read within {_STARTUP_SECONDS:.0f} s") from exc
    return graph


async def _open(loaded: Loaded, place: Place) -> Engines:
    settings = loaded.settings
    broker = await open_broker(translate_engines.broker_options(settings), place.counters)
    timeout = settings.records.timeout_seconds
    records = await open_records(settings.records.url, settings.server.state_dir, timeout_seconds=timeout)
    options = translate.push_options(settings)
    push = await open_push(options) if options is not None else None
    if push is None:
        log.info("push_not_configured", setting="push.firebase_project_id")
    return Engines(broker, records, place.counters, place.logbook, place.master_key, push)


async def _load_clients(graph: Graph, place: Place) -> None:
    settings = graph.loaded.settings
    try:
        await graph.clients.load()
    except SealBroken as exc:
        if place.fresh_master_key is not None:
            # made a moment ago, and good for nothing: the place is the lost one's
            place.fresh_master_key.unlink(missing_ok=True)
        raise wrong_master_key(settings.records.master_key_file, settings.server.state_dir, exc) from exc


async def _serve(graph: Graph, place: Place) -> None:
    manager = ServiceManager()
    edge = EdgeServer(translate.edge_settings(graph.loaded.settings))
    options = translate.rpc_options(graph.loaded.settings)
    reloader = Reloader(graph, place.reload or (lambda: graph.loaded), place.certificate)
    services = _admin_services(graph, place, lambda: reloader.settings)
    admin = AdminServer(place.socket, services, options, place.counters)
    socketio = SocketIoServer(
        graph.namespaces,
        translate.socketio_settings(graph.loaded.settings),
        edge.deadlines,
        graph.namespaces.allowed_origin,
    )
    public = public_server(graph, token=place.token, dev=place.dev, certificate=place.certificate)
    fronts = Fronts(edge, socketio, admin, public, place.certificate)
    drainer = Drainer(graph, fronts, manager)
    _give_powers(graph, fronts, drainer, reloader)
    async with trio.open_nursery() as nursery:
        await nursery.start(_signals, drainer, reloader, manager)
        await nursery.start(edge.run)
        drainer.dispatching = await nursery.start(_dispatch, graph)
        nursery.start_soon(graph.sweeper.run)
        nursery.start_soon(graph.presence_news.run)
        nursery.start_soon(graph.acks.house.clock.run)
        if graph.pushing is not None:
            nursery.start_soon(graph.pushing.router.run)
        nursery.start_soon(graph.telling.router.run)
        nursery.start_soon(graph.telling.watch.run)
        nursery.start_soon(keep_last_uses, graph.keys)
        nursery.start_soon(keep_durables, graph.acks, lambda: reloader.settings.subscriptions.durable_max_age_seconds)
        nursery.start_soon(watch_records, graph.engines.records)
        nursery.start_soon(graph.refresher.run)
        nursery.start_soon(watchdog, manager)
        await nursery.start(admin.run)
        graph.daemon.listeners = _listen(graph, place, fronts, reloader)
        if public is not None:
            await start_public(nursery, public, graph)
        graph.daemon.ready = True
        manager.ready()
        log.info("ready", listeners=[listener.url for listener in graph.daemon.listeners], pid=graph.daemon.pid)
        if place.dev:
            show_panel(graph.daemon.listeners, default_socket=found_by_itself(place.socket))
        await drainer.run()
        nursery.cancel_scope.cancel()


def _admin_services(graph: Graph, place: Place, settings: Callable[[], Settings]) -> AdminServices:
    return AdminServices(
        daemon=graph.daemon,
        doctor=compose_doctor(graph, settings),
        keys=graph.keys,
        clients=graph.clients,
        tokens=graph.tokens,
        devices=graph.devices,
        inboxes=graph.inboxes,
        publisher=graph.publisher,
        notifications=graph.notifications,
        waiting=graph.waiting,
        dead_letters=graph.dead_letters,
        acks=graph.acks,
        attending=graph.attending,
        presence=graph.presence,
        connector=graph.connector,
        subscriber=graph.subscriber,
        queue=graph.queue,
        webhooks=graph.telling.service,
        channels=graph.channels,
        connections=graph.connections,
        stats=graph.stats,
        logs=Logs(place.logbook.ring),
        admin_token=place.token,
        outbox_bytes=graph.loaded.settings.websocket.outbox_bytes,
    )


def _give_powers(graph: Graph, fronts: Fronts, drainer: Drainer, reloader: Reloader) -> None:
    graph.daemon.on_drain = drainer.begin
    graph.daemon.on_reload = reloader.reload
    graph.daemon.on_show = reloader.show
    reloader.follow(drainer.configure)
    reloader.follow(fronts.configure)


async def _dispatch(graph: Graph, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    with trio.CancelScope() as scope:
        task_status.started(scope)
        await graph.dispatcher.run()


def _listen(graph: Graph, place: Place, fronts: Fronts, reloader: Reloader) -> list[Listener]:
    server = graph.loaded.settings.server
    options = partial(rest_options, dev=place.dev, token=place.token)
    edge = fronts.edge
    main, ws = applications(graph, options(graph.loaded.settings), lambda: reloader.settings, fronts.socketio)
    reloader.follow(lambda settings: main.configure(options(settings)))
    listeners = [Listener("admin", f"unix:{place.socket}")]
    tls = place.certificate.context if place.certificate else None
    secure = "s" if tls else ""
    http = _bind(server.host, server.port, server.backlog, "server.port")
    edge.listen(http, main, tls=tls)
    listeners.append(Listener("http", _url(f"http{secure}", server.host, http)))
    if server.ws_port_enabled:
        websocket = _bind(server.host, server.ws_port, server.backlog, "server.ws_port")
        edge.listen(websocket, ws, tls=tls)
        listeners.append(Listener("ws", _url(f"ws{secure}", server.host, websocket)))
    return listeners


def _bind(host: str, port: int, backlog: int, key: str) -> list[sockets.socket]:
    try:
        return open_sockets(host, port, backlog=backlog)
    except OSError as exc:
        raise CannotStart(f"cannot listen on {host}:{port} ({key}): {exc.strerror or exc}") from exc


def _url(scheme: str, host: str, bound: list[sockets.socket]) -> str:
    return f"{scheme}://{shown_host(host)}:{bound[0].getsockname()[1]}"


async def _signals(
    drainer: Drainer, reloader: Reloader, manager: ServiceManager, *, task_status: trio.TaskStatus[None]
) -> None:
    """SIGTERM and SIGINT drain, a second one ends at once; SIGHUP reads the configuration again."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
        task_status.started()
        async for number in received:
            if number == signal.SIGHUP:
                _reload(reloader, manager)
            elif drainer.begun:
                drainer.hurry()
            else:
                drainer.begin(None)


def _reload(reloader: Reloader, manager: ServiceManager) -> None:
    manager.reloading()
    try:
        reloader.reload()
    except Invalid as exc:
        log.error("config_reload_failed", problem=exc.message)  # noqa: TRY400 - the sentence says it all
    manager.ready()
