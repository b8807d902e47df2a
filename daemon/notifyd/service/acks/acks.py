"""Subscriptions and inboxes with acks: open them, ack and refuse what they deliver, and put back what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotFound
from notifyd.model.ids import ClientId, ConnectionId
from notifyd.service.acks.acking import Acking
from notifyd.service.acks.durables import Durables
from notifyd.service.acks.opening import Opening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.hub.connection import Connection
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.durable import DurableKey
    from notifyd.model.position import StreamPosition
    from notifyd.model.principal import Principal
    from notifyd.policy.receiving.window import AckRules
    from notifyd.service.acks.house import AckHouse
    from notifyd.service.acks.receiver import Encode
    from notifyd.service.acks.values import Acked, AckWish, DurableView, Opened
    from notifyd.service.receiving.inbox import Inboxes


class Acks:
    """The one way in for everything about acks, whatever the transport."""

    def __init__(self, house: AckHouse, inboxes: Inboxes) -> None:
        self.house = house
        self._opening = Opening(house)
        self._acking = Acking(house, inboxes)
        self._durables = Durables(house)

    def configure(self, rules: AckRules) -> None:
        """Use other rules from now on, for what is open as well; deadlines that run stay as they are."""
        self.house.rules = rules
        for receiver in self.house.registry.everyone():
            receiver.configure(rules)

    def note_uses(self) -> None:
        """Keep the durable subscriptions that have connections from being forgotten; to be called now and then."""
        self.house.registry.note_uses()

    def subscribe(self, connection: Connection, channel: str, wish: AckWish, encode: Encode) -> Opened:
        """Subscribe with acks; *encode* makes the frame of one publication for this connection.

        Raises:
            NotAuthenticated, Invalid, Denied, Exhausted: as `Subscriber.check`, or for the durable name; nothing has
                changed.
        """
        return self._opening.subscribe(connection, channel, wish, encode)

    def open_inbox(
        self, connection: Connection, since: StreamPosition | None, encode: Encode, *, max_unacked: int = 0
    ) -> Opened:
        """Deliver the inbox of its user, from *since* or from the cursor on; only acks move the cursor then.

        *max_unacked* is as in `AckWish`: with 1 nothing comes before what it follows is acked or given up.

        Raises:
            NotAuthenticated, Denied: it is no user's connection.
        """
        return self._opening.open_inbox(connection, since, encode, max_unacked=max_unacked)

    async def ack(self, connection: Connection, ids: Sequence[str]) -> Acked:
        """The peer has these notifications; answers when that survives a killed process.

        Acking twice changes nothing. In an inbox it counts for everything before it as well. One that was given up
        meanwhile is no dead letter any more.

        Raises:
            NotAuthenticated: it has to authenticate first.
            StoreUnavailable: the acks count, and it is not sure that they outlive a crash: send them again.
        """
        return await self._acking.ack(connection, ids)

    async def nack(self, connection: Connection, ids: Sequence[str], *, reason: str = "") -> Acked:
        """The peer refuses these: they are sent again after the backoff, or given up when the tries run out.

        Raises:
            NotAuthenticated: it has to authenticate first.
        """
        return await self._acking.nack(connection, ids, reason=reason)

    def connection_of(self, connection_id: str, principal: Principal | None) -> Connection:
        """The live connection of that id, if the same credential opened it: for acks that come another way.

        None stands for an operator, who may ack for everybody.

        Raises:
            NotFound: there is none.
        """
        connection = self.house.hub.connection(ConnectionId(connection_id))
        found = None if connection is None else connection.principal
        if connection is None or found is None or (principal is not None and found.subject != principal.subject):
            raise NotFound("there is no such connection of this credential", code="connection_not_found")
        return connection

    async def redeliver(self, letter: DeadLetter) -> None:
        """Hand what a subscription did not ack to it once more, now or when it is used again.

        Raises:
            Conflict: `subscription_gone` or `not_kept`.
            Exhausted, StoreUnavailable: see `DurableStore.put`.
        """
        await self._durables.redeliver(letter)

    async def durables(
        self, client_id: ClientId | None = None, *, channel: str = "", limit: int = 1000
    ) -> list[DurableView]:
        """Durable subscriptions, by client, channel, owner and name.

        Raises:
            StoreUnavailable: the broker is away.
        """
        return await self._durables.views(client_id, channel=channel, limit=limit)

    async def remove_durable(self, key: DurableKey) -> DurableView:
        """Forget a durable subscription.

        Raises:
            NotFound: there is none.
            Conflict: connections use it.
            StoreUnavailable: it was not recorded.
        """
        return await self._durables.remove(key)

    @property
    def unacked(self) -> int:
        """Deliveries that are open at this moment."""
        return self.house.registry.unacked()
