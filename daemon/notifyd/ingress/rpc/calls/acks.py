"""What listeners with acks have done, and durable subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.ingress.rpc.acking import acknowledge
from notifyd.ingress.rpc.encode import durable_message
from notifyd.model.durable import DurableKey, owner_of
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import any_client_of, client_of

if TYPE_CHECKING:
    from notifyd.service.acks import Acks
    from notifyd.v1 import types_pb2

_LIMIT: Final = 1000
_MAX_LIMIT: Final = 10_000


class AckCalls:
    """Ack, and refuse."""

    def __init__(self, acks: Acks) -> None:
        self._acks = acks

    async def ack_deliveries(self, request: pb.AckDeliveriesRequest) -> pb.AckDeliveriesResponse:
        """For any connection: whoever can open the socket may do everything."""
        done = await acknowledge(self._acks, None, request)
        return pb.AckDeliveriesResponse(acked=done.acked, unknown=done.unknown)


class DurableCalls:
    """List and remove."""

    def __init__(self, acks: Acks) -> None:
        self._acks = acks

    async def list_durable(self, request: pb.ListDurableRequest) -> pb.ListDurableResponse:
        """Durable subscriptions, and how far they are."""
        limit = min(request.limit if request.HasField("limit") else _LIMIT, _MAX_LIMIT)
        views = await self._acks.durables(any_client_of(request.client_id), channel=request.channel, limit=limit)
        return pb.ListDurableResponse(subscriptions=map(durable_message, views))

    async def remove_durable(self, request: pb.RemoveDurableRequest) -> types_pb2.DurableSubscription:
        """Forget one."""
        client_id, owner = client_of(request.client_id), owner_of(request.user_id)
        key = DurableKey(client_id, request.channel, owner, request.name)
        return durable_message(await self._acks.remove_durable(key))
