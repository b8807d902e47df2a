"""What the servers of gRPC want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.ingress.rpc.options import RpcOptions

if TYPE_CHECKING:
    from notifyd.config import Settings

#: What a gRPC request may have beside the data and the metadata of its notification.
_REST_OF_A_REQUEST_BYTES = 1024 * 1024


def public_rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the gRPC interface for applications."""
    grpc = settings.grpc
    return RpcOptions(
        grpc.workers,
        grpc.max_streams,
        grpc.call_timeout_seconds,
        max_request_bytes=_max_request_bytes(settings),
        max_connections=settings.server.max_connections,
        share_ports=settings.server.workers > 1,
        streams_setting="grpc.max_streams",
    )


def rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the admin interface."""
    admin = settings.admin
    most = _max_request_bytes(settings)
    return RpcOptions(admin.workers, admin.max_streams, admin.call_timeout_seconds, max_request_bytes=most)


def remote_rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the admin interface on its port; the same again as those of the socket."""
    return replace(
        rpc_options(settings),
        max_connections=settings.admin.max_remote_connections,
        share_ports=settings.server.workers > 1,
    )


def _max_request_bytes(settings: Settings) -> int:
    # Data and metadata may each have delivery.max_data_bytes. That setting can change while the daemon runs and the
    # bound of requests cannot; http.max_body_bytes, which cannot either, is never below it.
    return 2 * settings.http.max_body_bytes + _REST_OF_A_REQUEST_BYTES
