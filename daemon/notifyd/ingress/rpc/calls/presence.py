"""Who is in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import client_of, member_message

if TYPE_CHECKING:
    from notifyd.service.clients.clients import Clients
    from notifyd.service.presence.presence import Presence


class PresenceCalls:
    """Members, whether or not the rule of the channel tells them to its subscribers."""

    def __init__(self, presence: Presence, clients: Clients) -> None:
        self._presence = presence
        self._clients = clients

    async def get_presence(self, request: pb.GetPresenceRequest) -> pb.Presence:
        """The members of this moment."""
        client_id = self._clients.known(client_of(request.client_id))
        limit = request.limit if request.HasField("limit") else None
        found = self._presence.members(None, client_id, request.channel, limit)
        return pb.Presence(
            channel=found.channel,
            member_count=found.member_count,
            subscriber_count=found.subscriber_count,
            members=map(member_message, found.members),
        )
