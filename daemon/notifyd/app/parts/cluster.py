"""This daemon among others that share its broker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from notifyd import __version__
from notifyd.app.translate.engines import node_name, peer_rules
from notifyd.bus.open import open_peers
from notifyd.bus.ports import Peers
from notifyd.bus.shared import SharedBus
from notifyd.clock import now_ms
from notifyd.model.node import NodeInfo
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.crowds import ServiceCrowds
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.receiving.connections import Connections
from notifyd.telemetry.process import cpu_seconds, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import trio

    from notifyd.app.parts.engines import Engines
    from notifyd.app.parts.graph import Graph
    from notifyd.config import Settings
    from notifyd.hub.hub import Hub
    from notifyd.redislink.link import Link
    from notifyd.service.daemon import Daemon
    from notifyd.service.stats import Stats
    from notifyd.store.ports import Broker


class NodeName(msgspec.Struct, frozen=True):
    """What a daemon is called."""

    name: str
    #: Unique to this run: one that is started again is another node.
    id: str


class Sharing(Protocol):
    """What a broker has beside the port where several nodes share it."""

    #: To its Redis.
    link: Link
    #: The id of this node, unique to this run.
    node: str
    #: Answers the ids of all nodes that are alive.
    live_nodes: Callable[[], Collection[str]]
    #: Answers the ids of those that take work.
    working_nodes: Callable[[], Collection[str]]

    def working_changed(self) -> None:
        """Others take work now than did."""
        ...


def sharing(broker: Broker) -> Sharing | None:
    """*broker* as one that is shared; None where it is this node's alone."""
    return None if broker.news is None else cast("Sharing", broker)


def node_of(settings: Settings, broker: Broker) -> NodeName:
    """What this daemon is called."""
    name, shared = node_name(settings), sharing(broker)
    return NodeName(name, name if shared is None else shared.node)


class Everywhere(msgspec.Struct, frozen=True):
    """What is about all nodes."""

    peers: Peers
    nodes: Nodes
    connections: ServiceConnections
    crowds: ServiceCrowds
    figures: ServiceFigures


def compose_cluster(settings: Settings, engines: Engines, hub: Hub, daemon: Daemon, own: Stats) -> Everywhere:
    """What is about all nodes; *own* are the figures of this one. Nothing runs yet."""
    peers = _peers(settings, engines, hub, daemon)
    connections = Connections(hub, outbox_limit_bytes=settings.websocket.outbox_bytes, node=engines.node.name)
    return Everywhere(
        peers,
        Nodes(peers),
        ServiceConnections(connections, peers),
        ServiceCrowds(hub, peers),
        ServiceFigures(own, peers),
    )


def _peers(settings: Settings, engines: Engines, hub: Hub, daemon: Daemon) -> Peers:
    node, counters = engines.node, engines.counters

    def describe() -> NodeInfo:
        return NodeInfo(
            id=node.id,
            name=node.name,
            version=__version__,
            pid=os.getpid(),
            started_at=daemon.started_at,
            at=now_ms(),
            state=daemon.state,
            connections=hub.connection_count,
            subscriptions=hub.subscription_count,
            accepted=counters.accepted,
            deliveries=counters.deliveries,
            cpu_seconds=cpu_seconds(),
            resident_bytes=resident_bytes(),
            listeners=tuple(listener.url for listener in daemon.listeners),
        )

    shared = sharing(engines.broker)
    return open_peers(None if shared is None else shared.link, describe, peer_rules(settings))


def join_cluster(graph: Graph, nursery: trio.Nursery) -> None:
    """Have what is stamped reach this node's connections, and all nodes know who is where and what was changed."""
    nursery.start_soon(graph.peers.run)
    if isinstance(graph.bus, SharedBus):
        nursery.start_soon(graph.bus.run)
    shared = sharing(graph.engines.broker)
    if shared is None:
        return
    shared.live_nodes = graph.peers.live
    shared.working_nodes = graph.peers.working
    graph.peers.follow_working(shared.working_changed)
    nursery.start_soon(graph.presence.share(graph.peers).run)
    nursery.start_soon(graph.telling.watch.share(graph.peers).run)
    graph.keys.changed = graph.clients.changed = graph.nodes.records_changed
    graph.nodes.follow_records(graph.refresher.look_soon)
