"""The running daemon: what starts in which order, what keeps going, and how it ends."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.app.changing import Changer, ReadsConfig
from notifyd.app.draining import Drainer
from notifyd.app.listeners.fronts import Fronts, Ports
from notifyd.app.listeners.http import listen
from notifyd.app.listeners.public import public_server
from notifyd.app.listeners.remote import remote_admin, start_ports
from notifyd.app.listeners.renewal import watch_certificate
from notifyd.app.listeners.tls import Certificate
from notifyd.app.machine.sd_notify import ServiceManager
from notifyd.app.machine.secrets import wrong_master_key
from notifyd.app.machine.sockets import found_by_itself
from notifyd.app.parts.bullmq import bullmq_state
from notifyd.app.parts.cluster import join_cluster, node_of, sharing
from notifyd.app.parts.engines import Engines
from notifyd.app.parts.graph import Graph, compose
from notifyd.app.problems import CannotStart
from notifyd.app.reload import Reloader
from notifyd.app.showing.doctor import compose_doctor
from notifyd.app.showing.panel import show_panel
from notifyd.app.translate.edge import edge_settings
from notifyd.app.translate.engines import broker_options
from notifyd.app.translate.pushing import push_options
from notifyd.app.translate.rpc import rpc_options
from notifyd.app.translate.socketio import socketio_settings
from notifyd.app.upkeep import (
    keep_durables,
    keep_last_uses,
    keep_watch,
    try_to_keep_last_uses,
    watch_disk,
    watch_records,
    watchdog,
)
from notifyd.app.workers.membership import Membership
from notifyd.errors import Invalid
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.ingress.edge.socketio.server import SocketIoServer
from notifyd.ingress.rpc.server import AdminServer
from notifyd.ingress.rpc.services import AdminServices
from notifyd.policy.access.sealing import SealBroken
from notifyd.push.fcm import open_push
from notifyd.service.disk import DiskWatch
from notifyd.service.logs import Logs
from notifyd.service.records.exporting import RecordExport
from notifyd.service.records.importing import RecordImport
from notifyd.store.open import open_broker, open_records
from notifyd.telemetry.logs import Logbook
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.config import Loaded, Settings
    from notifyd.config.documents import Document

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
    reload: ReadsConfig | None = None
    #: None where the daemon is one process.
    membership: Membership | None = None


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
    broker = await open_broker(broker_options(settings), place.counters)
    timeout = settings.records.timeout_seconds
    records = await open_records(
        settings.records.url,
        settings.server.state_dir,
        timeout_seconds=timeout,
        calls=place.counters.times.engine.of("records"),
    )
    options = push_options(settings)
    push = await open_push(options) if options is not None else None
    if push is None:
        log.info("push_not_configured", setting="push.firebase_project_id")
    node = node_of(settings, broker)
    return Engines(broker, records, place.counters, place.logbook, place.master_key, node, push)


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
    member = place.membership
    manager = ServiceManager() if member is None else ServiceManager({})
    siblings = Siblings() if member is None else Siblings(member.index, member.edge_sockets)
    edge = EdgeServer(edge_settings(graph.loaded.settings))
    options = rpc_options(graph.loaded.settings)
    read = place.reload or _as_it_is(graph.loaded)
    if place.certificate is not None:
        graph.daemon.certificate_ends_at = place.certificate.ends_at
    reloader = Reloader(graph, read, place.certificate)
    services = _admin_services(graph, place, lambda: reloader.settings)
    admin = AdminServer(place.socket, services, options, place.counters)
    socketio = SocketIoServer(
        graph.namespaces,
        socketio_settings(graph.loaded.settings),
        edge.deadlines,
        graph.namespaces.allowed_origin,
        siblings,
    )
    ports = Ports(
        public_server(graph, token=place.token, dev=place.dev, certificate=place.certificate),
        remote_admin(graph, services, place.certificate),
    )
    fronts = Fronts(edge, socketio, admin, ports, place.certificate)
    drainer = Drainer(graph, fronts, manager)
    _give_powers(graph, fronts, drainer, reloader, member)
    graph.daemon.on_change = Changer(graph.daemon, read).change
    async with trio.open_nursery() as nursery:
        if member is None:
            await nursery.start(_signals, drainer, reloader, manager)
        else:
            await nursery.start(_end_of_worker, drainer, edge)
            nursery.start_soon(member.run, drainer, reloader)
            await nursery.start(siblings.run)
        await nursery.start(edge.run)
        join_cluster(graph, nursery)
        drainer.dispatching = await nursery.start(_dispatch, graph)
        nursery.start_soon(graph.sweeper.run)
        nursery.start_soon(graph.presence_news.run)
        nursery.start_soon(graph.acks.house.clock.run)
        if graph.pushing is not None:
            nursery.start_soon(graph.pushing.router.run)
        nursery.start_soon(graph.telling.router.run)
        nursery.start_soon(graph.telling.watch.run)
        _look_after(nursery, graph, place, fronts, lambda: reloader.settings)
        nursery.start_soon(watchdog, manager)
        await nursery.start(admin.run)
        graph.daemon.listeners = listen(graph, place, fronts, reloader)
        await start_ports(nursery, ports, graph)
        if graph.bullmq is not None:
            graph.daemon.others.append(bullmq_state(graph.bullmq))
            nursery.start_soon(graph.bullmq.run)
        _tell_ready(graph, place, manager)
        await drainer.run()
        nursery.cancel_scope.cancel()


def _as_it_is(loaded: Loaded) -> ReadsConfig:
    def read(overlay: Document | None = None) -> Loaded:
        return loaded

    return read


def _admin_services(graph: Graph, place: Place, settings: Callable[[], Settings]) -> AdminServices:
    shared = sharing(graph.engines.broker)
    return AdminServices(
        daemon=graph.daemon,
        doctor=compose_doctor(graph, settings, None if shared is None else shared.link),
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
        nodes=graph.nodes,
        stats=graph.stats,
        logs=Logs(place.logbook.ring),
        record_export=RecordExport(graph.engines.records),
        record_import=RecordImport(
            graph.engines.records, graph.keys, graph.clients, graph.refresher, graph.loaded.settings.server.state_dir
        ),
        admin_token=place.token,
        outbox_bytes=graph.loaded.settings.websocket.outbox_bytes,
    )


def _look_after(
    nursery: trio.Nursery, graph: Graph, place: Place, fronts: Fronts, settings: Callable[[], Settings]
) -> None:
    """Start what is done now and then."""
    if place.certificate is not None:
        nursery.start_soon(watch_certificate, place.certificate, fronts.show_certificate)
    nursery.start_soon(keep_last_uses, graph.keys)
    nursery.start_soon(keep_durables, graph.acks, lambda: settings().subscriptions.durable_max_age_seconds)
    nursery.start_soon(watch_records, graph.engines.records)
    nursery.start_soon(keep_watch, graph.daemon, place.counters.times.loop_lag)
    nursery.start_soon(watch_disk, _disk_of(graph))
    nursery.start_soon(graph.refresher.run)


def _disk_of(graph: Graph) -> DiskWatch:
    disk = DiskWatch(graph.loaded.settings.server.state_dir)
    graph.daemon.disk_room = lambda: disk.room
    graph.daemon.others.append(disk.state)
    return disk


def _tell_ready(graph: Graph, place: Place, manager: ServiceManager) -> None:
    daemon = graph.daemon
    urls = [listener.url for listener in daemon.listeners]
    if place.membership is not None:
        log.info("worker_ready", listeners=urls, pid=os.getpid())
        # it serves; the daemon is ready when all of them do
        place.membership.on_serving = daemon.begin
        place.membership.ready(daemon.listeners)
        return
    daemon.begin()
    manager.ready()
    log.info("ready", listeners=urls, pid=daemon.pid)
    if place.dev:
        console = graph.loaded.settings.console.enabled
        show_panel(daemon.listeners, default_socket=found_by_itself(place.socket), console=console)


def _give_powers(graph: Graph, fronts: Fronts, drainer: Drainer, reloader: Reloader, member: Membership | None) -> None:
    graph.daemon.on_drain = drainer.begin
    graph.daemon.on_reload = reloader.reload
    if member is not None:
        graph.daemon.pid = member.supervisor
        graph.daemon.on_drain = partial(member.drain, drainer)
        graph.daemon.on_reload = partial(member.reload, reloader)
    # a worker that goes alone would be replaced
    graph.nodes.on_drain = graph.daemon.on_drain
    graph.daemon.on_show = reloader.show
    reloader.follow(drainer.configure)
    reloader.follow(fronts.configure)


async def _dispatch(graph: Graph, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    with trio.CancelScope() as scope:
        task_status.started(scope)
        await graph.dispatcher.run()


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


async def _end_of_worker(drainer: Drainer, edge: EdgeServer, *, task_status: trio.TaskStatus[None]) -> None:
    """SIGTERM to one worker replaces it; what else there is to say comes from its supervisor."""
    with trio.open_signal_receiver(signal.SIGTERM) as received:
        task_status.started()
        async for _ in received:
            edge.leave_ports()
            drainer.begin(None)


def _reload(reloader: Reloader, manager: ServiceManager) -> None:
    manager.reloading()
    try:
        reloader.reload()
    except Invalid as exc:
        log.error("config_reload_failed", problem=exc.message)  # noqa: TRY400 - the sentence says it all
    manager.ready()
