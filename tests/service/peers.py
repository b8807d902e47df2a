"""A node that has no peers."""

from __future__ import annotations

from notifyd.bus.alone import Alone
from notifyd.model.node import NodeInfo


def alone(name: str = "here") -> Alone:
    """The peers of the only node there is, which is called *name*."""
    node = NodeInfo(id=name, name=name, version="0.0.0", pid=1, started_at=0, at=17)
    return Alone(name, lambda: node)
