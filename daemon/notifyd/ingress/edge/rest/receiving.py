"""Acks of what event streams deliver, which cannot say anything themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.receiving_bodies import AckAnswer, AckBody

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.service.acks import Acks

_ack: Final = msgspec.json.Decoder(AckBody)


class ReceivingEndpoints:
    """The calls of receivers."""

    def __init__(self, acks: Acks, reception: Reception) -> None:
        self._acks = acks
        self._reception = reception

    async def ack(self, call: Call) -> Answer:
        """Ack or refuse, for a connection that the same credential opened."""
        body = decode_body(call, _ack, max_bytes=self._reception.options.max_body_bytes)
        connection = self._acks.connection_of(body.connection_id, None if call.operator else call.who)
        if body.nack:
            done = await self._acks.nack(connection, body.ids, reason=body.reason)
        else:
            done = await self._acks.ack(connection, body.ids)
        return Answer(200, encode(AckAnswer(acked=done.acked, unknown=list(done.unknown))))
