"""The admin interface on its Unix socket."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import trio

from notifyd.ingress.rpc.calls import admin_parts
from notifyd.ingress.rpc.host import RpcHost
from notifyd.ingress.rpc.interface import Interface, Service
from notifyd.ingress.rpc.stalls import StallGuard, of_path
from notifyd.v1 import admin_pb2

if TYPE_CHECKING:
    from pathlib import Path

    import grpc

    from notifyd.ingress.rpc.options import RpcOptions
    from notifyd.ingress.rpc.services import AdminServices
    from notifyd.telemetry.metrics import Counters

SERVICE: Final = admin_pb2.DESCRIPTOR.services_by_name["AdminService"]


class AdminServer:
    """The admin interface. Whoever runs it holds the lock of *path*."""

    def __init__(self, path: Path, services: AdminServices, options: RpcOptions, counters: Counters) -> None:
        self.path = path
        offered = Service(SERVICE, tuple(admin_parts(services)), (SERVICE.full_name,))
        guard = StallGuard(of_path(path))
        self._host = RpcHost(Interface((offered,), to_operators=True), services.daemon, options, counters, guard)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind the socket, readable by this user alone, and serve until `stop`; when cancelled, end without grace.

        Raises:
            OSError: it cannot be bound.
        """
        await self._host.run(self._bind, task_status=task_status)

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """End streams at once, let calls finish for *grace_seconds*, then cancel them; the socket goes with it."""
        await self._host.stop(grace_seconds)

    def _bind(self, server: grpc.Server) -> None:
        # the mask is the only way to have the socket made with its final mode
        before = os.umask(0o177)
        try:
            server.add_insecure_port(f"unix:{self.path}")
        except RuntimeError as exc:
            raise OSError(f"cannot bind the admin socket {self.path}") from exc
        finally:
            os.umask(before)
