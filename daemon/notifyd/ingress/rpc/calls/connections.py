"""Live connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid
from notifyd.ingress.rpc.encode import connection_message, cut_off_message
from notifyd.service.receiving.connections import ConnectionQuery
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import client_of

if TYPE_CHECKING:
    from notifyd.service.cluster.connections import ServiceConnections
    from notifyd.service.receiving.connections import Kicked

_LIMIT: Final = 1000
_MAX_LIMIT: Final = 100_000
#: What a close frame has room for, in bytes of UTF-8 (RFC 6455, section 5.5).
_MAX_REASON_BYTES: Final = 123


class ConnectionCalls:
    """List and kick."""

    def __init__(self, connections: ServiceConnections) -> None:
        self._connections = connections

    async def list_connections(self, request: pb.ListConnectionsRequest) -> pb.ListConnectionsResponse:
        """Connections that fit, and how many fit."""
        query = ConnectionQuery(
            client_id=request.client_id,
            channel=request.channel,
            key_id=request.key_id,
            user_id=request.user_id,
            slow=request.slow,
            limit=min(request.limit if request.HasField("limit") else _LIMIT, _MAX_LIMIT),
        )
        listed = await self._connections.list(query)
        return pb.ListConnectionsResponse(
            connections=map(connection_message, listed.views),
            total=listed.total,
            recently_cut=map(cut_off_message, listed.cut),
            missing_nodes=listed.missing,
        )

    async def kick_connections(self, request: pb.KickConnectionsRequest) -> pb.KickConnectionsResponse:
        """Close connections for good."""
        if len(request.reason.encode()) > _MAX_REASON_BYTES or not (request.reason.isprintable()):
            raise Invalid(f"the reason must be printable and at most {_MAX_REASON_BYTES} bytes long")
        kicked = await self._kick(request)
        return pb.KickConnectionsResponse(
            kicked=kicked.kicked, not_found=kicked.not_found, missing_nodes=kicked.missing
        )

    async def _kick(self, request: pb.KickConnectionsRequest) -> Kicked:
        if sum(map(bool, (request.ids, request.key_id, request.user_id))) != 1:
            raise Invalid("name connections by their ids, by key_id or by user_id, one of the three")
        if request.key_id:
            return await self._connections.kick_key(request.key_id, reason=request.reason)
        if request.user_id:
            client_id = client_of(request.client_id)
            return await self._connections.kick_user(client_id, request.user_id, reason=request.reason)
        return await self._connections.kick(request.ids, reason=request.reason)
