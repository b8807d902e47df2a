"""What an operator may see of durable subscriptions, and do with them and with what they did not ack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from notifyd.clock import now_ms
from notifyd.errors import Conflict, NotFound
from notifyd.model.dead_letter import Stage
from notifyd.model.durable import DurableKey
from notifyd.model.position import StreamPosition
from notifyd.service.acks.tracks import ChannelTrack, Whose
from notifyd.service.acks.values import DurableView
from notifyd.service.receiving.attending import at_hand

if TYPE_CHECKING:
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.durable import DurableState
    from notifyd.model.ids import ClientId
    from notifyd.service.acks.house import AckHouse

log = structlog.get_logger("notifyd.acks")


class Durables:
    """Views, removal, and putting back."""

    def __init__(self, house: AckHouse) -> None:
        self._house = house

    async def views(self, client_id: ClientId | None, *, channel: str, limit: int) -> list[DurableView]:
        """See `Acks.durables`."""
        broker = self._house.broker
        states = await broker.durables.states(client_id, channel=channel, limit=limit)
        newest = await broker.history.positions([(state.key.client_id, state.key.channel) for state in states])
        return [self._view(state, position) for state, position in zip(states, newest, strict=True)]

    async def remove(self, key: DurableKey) -> DurableView:
        """See `Acks.remove_durable`."""
        broker = self._house.broker
        await at_hand(broker.durables.attend(key))
        state = broker.durables.find(key)
        if state is None:
            raise NotFound("there is no such durable subscription", code="durable_not_found")
        (newest,) = await broker.history.positions([(key.client_id, key.channel)])
        view = self._view(state, newest)
        if view.connections:
            raise Conflict(f"it is in use: end its connections first ({view.connections})", code="durable_in_use")
        await broker.durables.remove(key)
        log.info("durable_removed", client_id=key.client_id, channel=key.channel, durable=key.name)
        return view

    async def redeliver(self, letter: DeadLetter) -> None:
        """See `Acks.redeliver`."""
        broker, channel = self._house.broker, letter.notification.channel
        await at_hand(broker.history.attend(letter.client_id, channel))
        if letter.durable:
            await at_hand(broker.durables.attend(DurableKey(letter.client_id, channel, letter.owner, letter.durable)))
        track = self._track(letter)
        if not self._kept(letter) or track.epoch != letter.epoch:
            raise Conflict("its channel does not keep it any more: publish it again", code="not_kept")
        track.reopen(letter.offset)
        for receiver in list(track.receivers):
            receiver.again(letter.offset)

    def _track(self, letter: DeadLetter) -> ChannelTrack:
        broker, registry = self._house.broker, self._house.registry
        client_id, channel = letter.client_id, letter.notification.channel
        if not letter.durable:
            connection = self._house.hub.connection(letter.connection_id)
            receiver = None if connection is None else registry.receiver(connection, channel)
            if receiver is None or not isinstance(receiver.track, ChannelTrack) or receiver.track.whose.durable:
                raise Conflict("the subscription ended with its connection", code="subscription_gone")
            return receiver.track
        key = DurableKey(client_id, channel, letter.owner, letter.durable)
        track = registry.durable(key)
        if track is not None:
            return track
        state = broker.durables.find(key)
        if state is None:
            raise Conflict("the durable subscription was removed", code="subscription_gone")
        whose = Whose(Stage.SUBSCRIPTION, client_id, channel, owner=letter.owner, durable=letter.durable)
        position = StreamPosition(state.epoch, state.floor)
        return ChannelTrack(broker.history, whose, position, durables=broker.durables, state=state)

    def _kept(self, letter: DeadLetter) -> bool:
        before = StreamPosition(letter.epoch, letter.offset - 1)
        channel = letter.notification.channel
        found = self._house.broker.history.since(letter.client_id, channel, before, now=now_ms(), limit=1)
        first = next(iter(found.publications), None)
        return found.recovered and first is not None and first.offset == letter.offset

    def _view(self, state: DurableState, newest: StreamPosition) -> DurableView:
        key = state.key
        track = self._house.registry.durable(key)
        same = newest.epoch == state.epoch
        pending = newest.offset - state.floor - len(state.settled) if same else newest.offset
        # what an operator put back stands below the floor
        pending += sum(offset <= state.floor for offset, _ in state.attempts)
        receivers = [] if track is None else track.receivers
        return DurableView(
            key=key,
            position=StreamPosition(state.epoch, state.floor),
            pending=max(0, pending),
            unacked=max((len(receiver.window) for receiver in receivers), default=0),
            connections=len(receivers),
            used_at=state.used_at,
        )
