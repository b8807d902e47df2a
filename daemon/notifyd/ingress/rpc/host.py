"""grpcio's server: its threads, its limits, its start and its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import grpc
import trio
from grpc_health.v1 import health

from notifyd.bridge.portal import TrioPortal
from notifyd.bridge.worker import ThreadWorker
from notifyd.ingress.rpc.admission import Admission
from notifyd.ingress.rpc.health import HEALTH, HealthCalls
from notifyd.ingress.rpc.interface import Service
from notifyd.ingress.rpc.patience import Patience
from notifyd.ingress.rpc.reflection import reflection_handlers
from notifyd.ingress.rpc.registry import handlers_of
from notifyd.ingress.rpc.shell import Shell
from notifyd.ingress.rpc.slots import OPEN_STREAMS, StreamSlots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.ingress.rpc.interface import Interface
    from notifyd.ingress.rpc.options import RpcOptions
    from notifyd.ingress.rpc.stalls import StallGuard
    from notifyd.service.daemon import Daemon
    from notifyd.telemetry.metrics import Counters

#: Calls that may wait for a thread, as a multiple of the threads; more are refused at once.
_WAITING_FACTOR: Final = 4
#: Long lists are answered whole.
_MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
#: What ends after the grace is cancelled by grpcio; this is how long that may take.
_CANCEL_SECONDS: Final = 1.0
#: Names and values of a call's metadata together; gRPC's own default, said here because nothing may grow without bound.
_MAX_METADATA_BYTES: Final = 16 * 1024
_HANDSHAKE_MS: Final = 10_000
#: A connection without any call is closed after this; clients open another by themselves.
_IDLE_MS: Final = 15 * 60_000
#: A peer that pings more often than this without anything to say is sent away; gRPC asks clients for 5 minutes.
_PING_INTERVAL_MS: Final = 10_000
_PING_STRIKES: Final = 3


class RpcHost:
    """Runs one server that carries *interface*."""

    def __init__(
        self, interface: Interface, daemon: Daemon, options: RpcOptions, counters: Counters, guard: StallGuard
    ) -> None:
        self._interface = interface
        self._daemon = daemon
        self._options = options
        self._counters = counters
        self._guard = guard
        self._grace_seconds = 0.0
        self._stopping = trio.Event()
        self._stopped = trio.Event()

    async def run(
        self, bind: Callable[[grpc.Server], None], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Let *bind* give the server its addresses, and serve until `stop`; when cancelled, end without grace.

        Raises what *bind* raises.
        """
        patience = Patience(self._options.request_seconds)
        admission = None if self._interface.gate is None else Admission(self._interface.gate)
        live = _LiveServer(self._options, [*([admission] if admission else []), patience], self._guard)
        bind(live.server)
        async with trio.open_nursery() as nursery:
            portal = TrioPortal(nursery)
            if admission is not None:
                admission.open(portal)
            nursery.start_soon(self._guard.run)
            nursery.start_soon(patience.run)
            live.server.add_generic_rpc_handlers(self._handlers(portal))
            try:
                live.server.start()
                task_status.started()
                await self._stopping.wait()
            finally:
                portal.drain()
                with trio.CancelScope(shield=True):
                    await live.stop(self._grace_seconds)
                portal.close()
                nursery.cancel_scope.cancel()
        self._stopped.set()

    async def stop(self, grace_seconds: float) -> None:
        """End streams at once, let calls finish for *grace_seconds*, then cancel them."""
        self._grace_seconds = grace_seconds
        self._stopping.set()
        await self._stopped.wait()

    def _handlers(self, portal: TrioPortal) -> tuple[grpc.GenericRpcHandler, ...]:
        interface, timeout = self._interface, self._options.call_timeout_seconds

        def shell(**options: Any) -> Shell:
            on_hung = self._guard.report
            return Shell(portal, self._counters, call_timeout_seconds=timeout, on_hung=on_hung, **options)

        told = HealthCalls(interface.names(), self._daemon, whole_follows=interface.whole_follows)
        names = (*interface.names(), health.SERVICE_NAME)
        own = shell(caller=interface.caller, to_operators=interface.to_operators)
        return (
            *(handler for service in interface.services for handler in handlers_of(service, own)),
            *handlers_of(Service(HEALTH, (told,), (health.SERVICE_NAME,)), shell()),
            *reflection_handlers(names, interface.pool),
        )


class _LiveServer:
    """One grpcio server with its pool of threads."""

    def __init__(self, options: RpcOptions, interceptors: Sequence[grpc.ServerInterceptor], guard: StallGuard) -> None:
        self._guard = guard
        threads = options.workers + OPEN_STREAMS
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rpc")
        self.server = grpc.server(
            self._pool,
            interceptors=[*interceptors, StreamSlots(options.max_streams, options.streams_setting)],
            options=_channel_options(options),
            maximum_concurrent_rpcs=threads * _WAITING_FACTOR,
        )

    async def stop(self, grace_seconds: float) -> None:
        stopped = self.server.stop(grace_seconds)
        worker = ThreadWorker("rpc-stop")
        if not await worker.run(stopped.wait, grace_seconds + _CANCEL_SECONDS):
            await self._guard.shut()
            await worker.run(stopped.wait, _CANCEL_SECONDS)
        self._pool.shutdown(wait=False)


def _channel_options(options: RpcOptions) -> list[tuple[str, int]]:
    keepalive_ms = int(options.keepalive_seconds * 1000)
    chosen = [
        # otherwise a port that somebody else listens on has to be an error
        ("grpc.so_reuseport", int(options.share_ports)),
        ("grpc.max_receive_message_length", options.max_request_bytes),
        ("grpc.max_send_message_length", _MAX_ANSWER_BYTES),
        ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _MAX_METADATA_BYTES),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.max_connection_idle_ms", _IDLE_MS),
        # what is more waits in the client instead of being refused here
        ("grpc.max_concurrent_streams", options.workers),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", keepalive_ms),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", _PING_INTERVAL_MS),
        ("grpc.http2.max_ping_strikes", _PING_STRIKES),
    ]
    if options.max_connections:
        chosen.append(("grpc.max_allowed_incoming_connections", options.max_connections))
    return chosen
