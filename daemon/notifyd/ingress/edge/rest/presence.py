"""Who is in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import iso_ms
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.delivery_bodies import MemberView, PresenceAnswer

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.service.presence.presence import Presence


class PresenceEndpoints:
    """For who may subscribe, where the rule of the channel tells it; for operators always."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    async def get(self, call: Call) -> Answer:
        """The members of this moment."""
        principal = None if call.operator else call.who
        found = self._presence.members(principal, call.who.client_id, call.params["channel"], call.limit())
        answer = PresenceAnswer(
            channel=found.channel,
            member_count=found.member_count,
            subscriber_count=found.subscriber_count,
            members=[
                MemberView(
                    user_id=member.user_id,
                    connection_ids=list(member.connection_ids),
                    joined_at=iso_ms(member.joined_at),
                )
                for member in found.members
            ],
        )
        return Answer(200, encode(answer), headers=((b"Cache-Control", b"no-store"),))
