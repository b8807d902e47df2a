"""The ports that the workers share, kept for them by the supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.app.problems import CannotStart
from notifyd.ingress.edge.listener import open_sockets

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from notifyd.config import Settings


class KeptPorts:
    """Ports that no other program can take, listened on or not, and whatever becomes of a worker."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        #: By key of the setting, those that the kernel has chosen.
        self.chosen: dict[str, int] = {}

    def keep(self, settings: Settings) -> None:
        """Take every port of *settings*.

        Raises:
            CannotStart: one is taken, or the address is not ours.
        """
        for key, (host, port) in _ports(settings).items():
            try:
                if port:
                    # Other daemons of this user could share it otherwise, each serving half of what comes.
                    _let_go(open_sockets(host, port))
                kept = open_sockets(host, port, backlog=0, shared=True)
            except OSError as exc:
                raise CannotStart(f"cannot listen on {host}:{port} ({key}): {exc.strerror or exc}") from exc
            self._sockets += kept
            if not port:
                self.chosen[key] = kept[0].getsockname()[1]

    def let_go(self) -> None:
        """Others may have them."""
        _let_go(self._sockets)
        self._sockets = []


def with_ports(settings: Settings, chosen: Mapping[str, int]) -> Settings:
    """*settings* with the ports that were *chosen* in the place of those that they leave open."""
    open_ports = {key for key, (_, port) in _ports(settings).items() if not port}
    for key, port in chosen.items():
        if key in open_ports:
            section, _, name = key.partition(".")
            changed = msgspec.structs.replace(getattr(settings, section), **{name: port})
            settings = msgspec.structs.replace(settings, **{section: changed})
    return settings


def _ports(settings: Settings) -> dict[str, tuple[str, int]]:
    """Host and port by the key of the port."""
    server, admin = settings.server, settings.admin
    ports = {"server.port": (server.host, server.port)}
    if server.ws_port_enabled:
        ports["server.ws_port"] = (server.host, server.ws_port)
    if settings.grpc.enabled:
        ports["server.grpc_port"] = (server.host, server.grpc_port)
    if admin.remote:
        ports["admin.remote_port"] = (admin.remote_host, admin.remote_port)
    return ports


def _let_go(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()
