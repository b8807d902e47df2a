"""The single switch: what stands behind the ports of the bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.bus.alone import Alone
from notifyd.bus.local import LocalBus
from notifyd.bus.shared import SharedBus

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.bus.ports import LiveSide, News, Peers
    from notifyd.model.node import NodeInfo
    from notifyd.redislink.link import Link


class PeerRules(msgspec.Struct, frozen=True):
    """How nodes look after each other."""

    heartbeat_seconds: float = 1.0
    #: A node that was silent for so long is dead.
    timeout_seconds: float = 4.0
    #: How long to wait for the answers of others.
    query_timeout_seconds: float = 2.0


def open_bus(news: News | None, hub: LiveSide) -> LocalBus | SharedBus:
    """How what is stamped reaches connections; *news* is None where the engine is this node's alone."""
    return LocalBus(hub.fan_out) if news is None else SharedBus(news, hub)


def open_peers(link: Link | None, describe: Callable[[], NodeInfo], rules: PeerRules) -> Peers:
    """The other nodes; *describe* tells of this one. Without a *link* there are none."""
    if link is None:
        return Alone(describe().id, describe)
    # who needs no Redis does not pay for it
    from notifyd.bus.redis.peers import RedisPeers
    from notifyd.bus.redis.roll import Roll

    roll = Roll(link, describe, heartbeat_seconds=rules.heartbeat_seconds, timeout_seconds=rules.timeout_seconds)
    return RedisPeers(link, roll, query_timeout_seconds=rules.query_timeout_seconds)
