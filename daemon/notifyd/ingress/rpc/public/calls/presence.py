"""Who is in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import client_pb2 as pb
from notifyd.wire.rpc.messages import member_message

if TYPE_CHECKING:
    from notifyd.ingress.rpc.public.credentials import Caller
    from notifyd.ingress.rpc.public.gate import Gate
    from notifyd.service.presence.presence import Presence


class PresenceCalls:
    """For who may subscribe, where the rule of the channel tells it."""

    def __init__(self, gate: Gate, presence: Presence) -> None:
        self._gate = gate
        self._presence = presence

    async def get_presence(self, request: pb.PresenceRequest, caller: Caller) -> pb.PresenceResponse:
        """The members of this moment."""
        asker = self._gate.admit(caller)
        self._gate.count(asker)
        client_id = self._gate.acting(asker, request.client_id).client_id
        found = self._presence.members(asker.principal, client_id, request.channel)
        return pb.PresenceResponse(
            channel=found.channel,
            member_count=found.member_count,
            subscriber_count=found.subscriber_count,
            members=map(member_message, found.members),
        )
