"""Channels and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.ingress.rpc.encode import channel_message
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import any_client_of, client_of, position_message, position_of, publication_message

if TYPE_CHECKING:
    from notifyd.service.channels import Channels
    from notifyd.service.clients.clients import Clients

_CHANNELS: Final = 1000
_MAX_CHANNELS: Final = 100_000
_PUBLICATIONS: Final = 50
_MAX_PUBLICATIONS: Final = 10_000


class ChannelCalls:
    """List, show, history."""

    def __init__(self, channels: Channels, clients: Clients) -> None:
        self._channels = channels
        self._clients = clients

    async def list_channels(self, request: pb.ListChannelsRequest) -> pb.ListChannelsResponse:
        """Channels that have a history or subscribers."""
        limit = min(request.limit if request.HasField("limit") else _CHANNELS, _MAX_CHANNELS)
        views = await self._channels.list(any_client_of(request.client_id), prefix=request.prefix, limit=limit)
        return pb.ListChannelsResponse(channels=map(channel_message, views))

    async def get_channel(self, request: pb.GetChannelRequest) -> pb.Channel:
        """One channel."""
        client_id = self._clients.known(client_of(request.client_id))
        return channel_message(await self._channels.get(client_id, request.channel))

    async def get_history(self, request: pb.GetHistoryRequest) -> pb.GetHistoryResponse:
        """Kept publications: the newest, or those after a position."""
        client_id = self._clients.known(client_of(request.client_id))
        limit = min(request.limit if request.HasField("limit") else _PUBLICATIONS, _MAX_PUBLICATIONS)
        since = position_of(request.since) if request.HasField("since") else None
        found = await self._channels.history(client_id, request.channel, limit=limit, since=since)
        return pb.GetHistoryResponse(
            position=position_message(found.position.epoch, found.position.offset),
            publications=map(publication_message, found.publications),
            recovered=None if since is None else found.recovered,
            skipped=found.skipped,
        )
