"""The running daemon: what starts in which order, what keeps going, and how it ends."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.app.changing import Changer, ReadsConfig
from notifyd.app.draining import Drainer
from notifyd.app.listeners.composing import compose_fronts
from notifyd.app.listeners.http import listen
from notifyd.app.listeners.remote import start_ports
from notifyd.app.machine.sd_notify import ServiceManager
from notifyd.app.machine.sockets import found_by_itself
from notifyd.app.parts.bullmq import bullmq_state
from notifyd.app.parts.cluster import join_cluster
from notifyd.app.preparing import prepare
from notifyd.app.reload import Reloader
from notifyd.app.showing.panel import show_panel
from notifyd.app.signals import obey_signals, obey_signals_of_worker
from notifyd.app.upkeep import look_after, try_to_keep_last_uses, watchdog
from notifyd.ingress.edge.siblings.house import Siblings

if TYPE_CHECKING:
    from notifyd.app.listeners.fronts import Fronts
    from notifyd.app.parts.graph import Graph
    from notifyd.app.place import Place
    from notifyd.app.workers.membership import Membership
    from notifyd.config import Loaded
    from notifyd.config.documents import Document

log = structlog.get_logger("notifyd")


async def run_daemon(loaded: Loaded, place: Place) -> None:
    """Start everything, serve until a signal or an operator says drain, and end politely.

    The broker outlives everything else, so that what was accepted last is committed.
    """
    graph = await prepare(loaded, place)
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


async def _serve(graph: Graph, place: Place) -> None:
    member = place.membership
    manager = ServiceManager() if member is None else ServiceManager({})
    siblings = Siblings() if member is None else Siblings(member.index, member.edge_sockets)
    read = place.reload or _as_it_is(graph.loaded)
    if place.certificate is not None:
        graph.daemon.certificate_ends_at = place.certificate.ends_at
    reloader = Reloader(graph, read, place.certificate)
    fronts = compose_fronts(graph, place, siblings, lambda: reloader.settings)
    drainer = Drainer(graph, fronts, manager)
    _give_powers(graph, fronts, drainer, reloader, member)
    graph.daemon.on_change = Changer(graph.daemon, read).change
    async with trio.open_nursery() as nursery:
        if member is None:
            await nursery.start(obey_signals, drainer, reloader, manager)
        else:
            await nursery.start(obey_signals_of_worker, drainer, fronts.edge)
            nursery.start_soon(member.run, drainer, reloader)
            await nursery.start(siblings.run)
        await nursery.start(fronts.edge.run)
        join_cluster(graph, nursery)
        drainer.dispatching = await nursery.start(_dispatch, graph)
        _deliver(nursery, graph)
        look_after(nursery, graph, place, fronts, lambda: reloader.settings)
        nursery.start_soon(watchdog, manager)
        await nursery.start(fronts.admin.run)
        graph.daemon.listeners = listen(graph, place, fronts, reloader)
        await start_ports(nursery, fronts.ports, graph)
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


def _deliver(nursery: trio.Nursery, graph: Graph) -> None:
    """Start what brings to connections, devices and webhooks what was dispatched, and looks after it."""
    nursery.start_soon(graph.sweeper.run)
    nursery.start_soon(graph.presence_news.run)
    nursery.start_soon(graph.acks.house.clock.run)
    if graph.pushing is not None:
        nursery.start_soon(graph.pushing.router.run)
    nursery.start_soon(graph.telling.router.run)
    nursery.start_soon(graph.telling.watch.run)


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
