"""grpcio's server on the admin socket: its threads, its limits, its start and its end."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc
import msgspec
import trio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from notifyd.bridge.portal import TrioPortal
from notifyd.bridge.worker import ThreadWorker
from notifyd.ingress.rpc.calls import admin_parts
from notifyd.ingress.rpc.health import Health
from notifyd.ingress.rpc.registry import handlers_of
from notifyd.ingress.rpc.shell import Shell
from notifyd.ingress.rpc.slots import StreamSlots
from notifyd.ingress.rpc.stalls import StallGuard
from notifyd.v1 import admin_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.ingress.rpc.services import AdminServices
    from notifyd.telemetry.metrics import Counters

SERVICE: Final = admin_pb2.DESCRIPTOR.services_by_name["AdminService"]
#: Calls that may wait for a thread, as a multiple of the threads; more are refused at once.
_WAITING_FACTOR: Final = 4
#: Long lists are answered whole.
_MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
#: What ends after the grace is cancelled by grpcio; this is how long that may take.
_CANCEL_SECONDS: Final = 1.0


class RpcOptions(msgspec.Struct, frozen=True):
    """Bounds of the server; the fields are those of the section [admin]."""

    workers: int = 24
    max_streams: int = 16
    call_timeout_seconds: float = 30.0
    #: Largest request.
    max_request_bytes: int = 4 * 1024 * 1024
    #: A peer that is silent for so long is asked whether it lives, and has as long to answer.
    keepalive_seconds: float = 20.0


class AdminServer:
    """The admin interface. Whoever runs it holds the lock of *path*."""

    def __init__(self, path: Path, services: AdminServices, options: RpcOptions, counters: Counters) -> None:
        self.path = path
        self._services = services
        self._options = options
        self._counters = counters
        self._grace_seconds = 0.0
        self._stopping = trio.Event()
        self._stopped = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind the socket, readable by this user alone, and serve until `stop`; when cancelled, end without grace.

        Raises:
            OSError: it cannot be bound.
        """
        async with trio.open_nursery() as nursery:
            portal = TrioPortal(nursery)
            guard = StallGuard(self.path)
            nursery.start_soon(guard.run)
            told = Health(SERVICE.full_name, self._services.daemon)
            nursery.start_soon(told.run)
            live = _LiveServer(self._options, guard, told)
            timeout = self._options.call_timeout_seconds
            shell = Shell(portal, self._counters, call_timeout_seconds=timeout, on_hung=guard.report)
            live.add(handlers_of(SERVICE, admin_parts(self._services), shell))
            live.start(self.path)
            task_status.started()
            try:
                await self._stopping.wait()
            finally:
                portal.drain()
                with trio.CancelScope(shield=True):
                    await live.stop(self._grace_seconds)
                portal.close()
                nursery.cancel_scope.cancel()
        self._stopped.set()

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """End streams at once, let calls finish for *grace_seconds*, then cancel them; the socket goes with it."""
        self._grace_seconds = grace_seconds
        self._stopping.set()
        await self._stopped.wait()


class _LiveServer:
    """One grpcio server with its pool of threads, health and reflection."""

    def __init__(self, options: RpcOptions, guard: StallGuard, told: Health) -> None:
        self._guard = guard
        self._health = told
        self._pool = ThreadPoolExecutor(options.workers, thread_name_prefix="rpc")
        self._server = grpc.server(
            self._pool,
            interceptors=[StreamSlots(options.max_streams)],
            options=_channel_options(options),
            maximum_concurrent_rpcs=options.workers * _WAITING_FACTOR,
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    def add(self, handlers: grpc.GenericRpcHandler) -> None:
        self._server.add_generic_rpc_handlers((handlers,))

    def start(self, path: Path) -> None:
        # the mask is the only way to have the socket made with its final mode
        before = os.umask(0o177)
        try:
            self._server.add_insecure_port(f"unix:{path}")
        except RuntimeError as exc:
            raise OSError(f"cannot bind the admin socket {path}") from exc
        finally:
            os.umask(before)
        self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        self._health.enter_graceful_shutdown()
        stopped = self._server.stop(grace_seconds)
        worker = ThreadWorker("rpc-stop")
        if not await worker.run(stopped.wait, grace_seconds + _CANCEL_SECONDS):
            await self._guard.shut()
            await worker.run(stopped.wait, _CANCEL_SECONDS)
        self._pool.shutdown(wait=False)


def _channel_options(options: RpcOptions) -> list[tuple[str, int]]:
    keepalive_ms = int(options.keepalive_seconds * 1000)
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", options.max_request_bytes),
        ("grpc.max_send_message_length", _MAX_ANSWER_BYTES),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", keepalive_ms),
        ("grpc.http2.max_pings_without_data", 0),
    ]
