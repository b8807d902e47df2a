"""Durable subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import iso_ms
from notifyd.errors import Invalid
from notifyd.model.durable import DurableKey, owner_of
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest import delivery_bodies as rest
from notifyd.wire.rest.bodies import Position

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.service.acks import Acks, DurableView


class DurableEndpoints:
    """List and forget."""

    def __init__(self, acks: Acks) -> None:
        self._acks = acks

    async def list(self, call: Call) -> Answer:
        """How far they are."""
        client_id = ClientId(call.query("clientId") or "") or None
        views = await self._acks.durables(client_id, channel=call.query("channel") or "", limit=call.limit())
        return Answer(200, encode(rest.DurablesAnswer(subscriptions=[_view(view) for view in views])))

    async def remove(self, call: Call) -> Answer:
        """Forget one."""
        channel, name, user_id = (call.query(field) or "" for field in ("channel", "name", "userId"))
        if not channel or not name:
            raise Invalid("name the channel and the durable subscription: ?channel=CHANNEL&name=NAME")
        client_id = ClientId(call.query("clientId") or DEFAULT_CLIENT)
        key = DurableKey(client_id, channel, owner_of(user_id), name)
        return Answer(200, encode(rest.DurableAnswer(subscription=_view(await self._acks.remove_durable(key)))))


def _view(view: DurableView) -> rest.DurableView:
    return rest.DurableView(
        client_id=view.key.client_id,
        channel=view.key.channel,
        name=view.key.name,
        user_id=view.key.user_id or None,
        position=Position(view.position.epoch, view.position.offset),
        pending=view.pending,
        unacked=view.unacked,
        connections=view.connections,
        used_at=iso_ms(view.used_at) if view.used_at else None,
    )
