"""Acks over connections in namespaces, whatever carries them: what a user asks for, and what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from notifyd.ingress.edge.acknowledged import check_known, named_ids
from notifyd.ingress.edge.namespaces.sources import OWN
from notifyd.wire.native import AckedIds

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.namespaces.services import NamespaceServices
    from notifyd.model.publication import Publication
    from notifyd.service.acks import Acked, AckWish, Opened

Answer = dict[str, Any]


class Acknowledged(msgspec.Struct):
    """Which notifications: one by `id`, or several."""

    id: str | None = None
    ids: AckedIds | None = None
    #: Of a refusal.
    reason: str = ""


class AckRequests:
    """What one connection of a user does with acks."""

    __slots__ = ("_acks", "_connection", "_services")

    def __init__(self, services: NamespaceServices, connection: Connection) -> None:
        self._services = services
        self._acks = services.acks
        self._connection = connection

    def receive_inbox(self, encode: Callable[[Publication], bytes], *, max_unacked: int = 0) -> None:
        """Go live: broadcasts at once, and the inbox from what is not acked."""
        principal = self._connection.principal
        assert principal is not None, "it was let in as a user"
        stream = self._services.history.position(principal.client_id, OWN)
        self._services.connector.join(self._connection, offset=stream.offset)
        self._acks.open_inbox(self._connection, None, encode, max_unacked=max_unacked).start()

    def subscribe(
        self, channel: str, wish: AckWish, encode: Callable[[Publication], bytes]
    ) -> tuple[Answer, Callable[[], None]]:
        """The answer to a subscribe with acks, and what goes live once it was written.

        Raises:
            NotifydError: nothing has changed.
        """
        opened = self._acks.subscribe(self._connection, channel, wish, encode)
        return _answer(channel, opened), opened.start

    async def ack(self, body: Acknowledged) -> Answer:
        """The peer has these.

        Raises:
            NotFound: it was one, and nothing of this connection has to do with it.
            StoreUnavailable: send it again.
        """
        ids = named_ids(body.id, body.ids)
        return _done("acked", body, await self._acks.ack(self._connection, ids))

    async def nack(self, body: Acknowledged) -> Answer:
        """The peer refuses these; raises as `ack` does."""
        ids = named_ids(body.id, body.ids)
        return _done("nacked", body, await self._acks.nack(self._connection, ids, reason=body.reason))


def _answer(channel: str, opened: Opened) -> Answer:
    position = {"epoch": opened.position.epoch, "offset": opened.position.offset}
    answer: Answer = {"success": True, "channel": channel, "position": position}
    answer |= {"ack": True, "ackSeconds": opened.ack_seconds}
    if opened.recovered is not None:
        answer |= {"recovered": opened.recovered, "replayed": opened.pending}
    return answer


def _done(what: str, body: Acknowledged, done: Acked) -> Answer:
    check_known(body.id, done)
    answer: Answer = {"success": True, what: done.acked}
    if done.unknown:
        answer["unknown"] = list(done.unknown)
    return answer
