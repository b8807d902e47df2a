"""What the web console needs beyond what REST has, and its settings."""

from __future__ import annotations

from msgspec import Struct

from notifyd.policy.access.console_sessions import ConsoleRules
from notifyd.service.access.signed_out import SignedOut
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.logs import Logs


class ConsoleServices(Struct, frozen=True):
    """Services that so far `notifyctl` alone has been made of."""

    connections: ServiceConnections
    nodes: Nodes
    logs: Logs
    signed_out: SignedOut


class ConsoleOptions(Struct, frozen=True):
    """The settings of the web console."""

    enabled: bool = True
    rules: ConsoleRules = ConsoleRules()
    #: Where Socket.IO is.
    socketio_path: str = "/socket.io"
