"""Begin to receive with acks. As without, nothing can come between what is answered and what is delivered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notifyd.clock import now_ms
from notifyd.errors import Invalid, NotAuthenticated
from notifyd.model.dead_letter import Stage
from notifyd.model.durable import DurableKey, owner_of
from notifyd.model.position import StreamPosition
from notifyd.service.acks.receiver import AckReceiver
from notifyd.service.acks.tracks import ChannelTrack, InboxTrack, Whose
from notifyd.service.acks.values import Opened
from notifyd.service.receiving.inbox import user_of

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.ids import ClientId, UserId
    from notifyd.model.principal import Principal
    from notifyd.service.acks.house import AckHouse
    from notifyd.service.acks.receiver import Encode
    from notifyd.service.acks.values import AckWish

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Opening:
    """Opens subscriptions and inboxes with acks."""

    def __init__(self, house: AckHouse) -> None:
        self._house = house

    def subscribe(self, connection: Connection, channel: str, wish: AckWish, encode: Encode) -> Opened:
        """See `Acks.subscribe`."""
        house = self._house
        position = house.subscriber.check(connection, channel).position
        principal = connection.principal
        assert principal is not None, "checked by the subscriber"
        whose = _whose(principal, channel, wish.durable, connection)
        track, recovered = self._durable(whose, wish, position) if wish.durable else self._own(whose, wish, position)
        receiver = self._receiver(connection, track, encode, wish.max_unacked)
        return self._opened(receiver, position, recovered)

    def open_inbox(
        self, connection: Connection, since: StreamPosition | None, encode: Encode, *, max_unacked: int = 0
    ) -> Opened:
        """See `Acks.open_inbox`."""
        principal = connection.principal
        if principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        client_id, user_id = principal.client_id, user_of(principal)
        store = self._house.broker.inbox
        recovered = None
        if since is not None:
            recovered = store.since(client_id, user_id, since, now=now_ms(), limit=1).recovered
            if recovered:  # who knows a position has what came before it
                store.advance(client_id, user_id, since, now=now_ms())
        track = self._inbox(client_id, user_id)
        receiver = self._receiver(connection, track, encode, max_unacked)
        return self._opened(receiver, store.position(client_id, user_id), recovered)

    def _own(self, whose: Whose, wish: AckWish, position: StreamPosition) -> tuple[ChannelTrack, bool | None]:
        """For this connection alone."""
        history = self._house.broker.history
        recovered = None if wish.since is None else self._continues(whose, wish.since)
        start = wish.since if wish.since is not None and recovered else position
        return ChannelTrack(history, whose, start), recovered

    def _durable(self, whose: Whose, wish: AckWish, position: StreamPosition) -> tuple[ChannelTrack, bool | None]:
        """Under a name: where others are with it now, or where it was left."""
        broker = self._house.broker
        key = DurableKey(whose.client_id, whose.channel, whose.owner, whose.durable)
        shared = self._house.registry.durable(key)
        if shared is not None and self._continues(whose, StreamPosition(shared.epoch, shared.settled.floor)):
            return shared, True
        state = broker.durables.find(key)
        if state is not None and self._continues(whose, StreamPosition(state.epoch, state.floor)):
            start = StreamPosition(state.epoch, state.floor)
            return ChannelTrack(broker.history, whose, start, durables=broker.durables, state=state), True
        recovered: bool | None = False
        start = position
        if state is None:
            recovered = None if wish.since is None else self._continues(whose, wish.since)
            start = wish.since if wish.since is not None and recovered else position
        track = ChannelTrack(broker.history, whose, start, durables=broker.durables)
        track.keep()
        return track, recovered

    def _continues(self, whose: Whose, position: StreamPosition) -> bool:
        history = self._house.broker.history
        return history.since(whose.client_id, whose.channel, position, now=now_ms(), limit=1).recovered

    def _inbox(self, client_id: ClientId, user_id: UserId) -> InboxTrack:
        store = self._house.broker.inbox
        shared = self._house.registry.inbox(client_id, user_id)
        info, newest = store.info(client_id, user_id), store.position(client_id, user_id)
        if shared is not None and shared.epoch == newest.epoch:
            shared.sync()
            return shared
        cursor = StreamPosition(newest.epoch, 0 if info is None else info.cursor)
        return InboxTrack(store, Whose(Stage.INBOX, client_id, user_id=user_id), cursor)

    def _receiver(
        self, connection: Connection, track: ChannelTrack | InboxTrack, encode: Encode, max_unacked: int
    ) -> AckReceiver:
        house = self._house
        receiver = AckReceiver(connection, track, encode, house.rules, house.aftermath, house.clock)
        receiver.narrow(max_unacked)
        return receiver

    def _opened(self, receiver: AckReceiver, position: StreamPosition, recovered: bool | None) -> Opened:
        house, connection, track = self._house, receiver.connection, receiver.track

        def start() -> None:
            before = house.registry.receiver(connection, track.whose.channel)
            if before is not None:
                before.close()
            house.registry.enter(receiver)
            if track.whose.channel:
                house.hub.feed(connection, track.whose.channel, receiver)
            else:
                house.hub.feed_inbox(connection, receiver)
            receiver.offer()

        pending = max(0, position.offset - track.settled.floor - len(track.settled)) + len(track.settled.reopened)
        return Opened(position, recovered, pending, house.rules.ack_seconds, track.settled_position, start)


def _whose(principal: Principal, channel: str, durable: str, connection: Connection) -> Whose:
    if durable and not _NAME.fullmatch(durable):
        raise Invalid("durable must be 1 to 64 of A-Z a-z 0-9 . _ -", code="invalid_durable")
    if not durable:
        return Whose(Stage.SUBSCRIPTION, principal.client_id, channel, connection_id=connection.id)
    owner = owner_of(principal.user_id)
    return Whose(Stage.SUBSCRIPTION, principal.client_id, channel, owner=owner, durable=durable)
