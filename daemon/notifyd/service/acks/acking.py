"""An ack or a refusal of one connection finds the delivery that it is about, however late it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.clock import now_ms
from notifyd.errors import NotAuthenticated
from notifyd.model.dead_letter import Stage
from notifyd.model.ids import NotificationId
from notifyd.service.acks.aftermath import letter_id_of
from notifyd.service.acks.tracks import ChannelTrack, Whose
from notifyd.service.acks.values import Acked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.hub.connection import Connection
    from notifyd.model.principal import Principal
    from notifyd.policy.receiving.window import Flight
    from notifyd.service.acks.house import AckHouse
    from notifyd.service.acks.receiver import AckReceiver
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.store.delivery_ports import Written

#: Longest reason of a refusal that is kept.
_REASON_LENGTH: Final = 200


class Acking:
    """Answers when it survives a killed process."""

    def __init__(self, house: AckHouse, inboxes: Inboxes) -> None:
        self._house = house
        self._inboxes = inboxes

    async def ack(self, connection: Connection, ids: Sequence[str]) -> Acked:
        """See `Acks.ack`."""
        principal = _principal(connection)
        acked, late = 0, list[NotificationId]()
        for notification_id in map(NotificationId, ids):
            found = self._find(connection, notification_id)
            if found is not None:
                acked += self._ack(*found)
            else:
                late.append(notification_id)
        self._go_on(connection)
        unknown = []
        for notification_id in late:
            new = await self._ack_inbox(principal, notification_id)
            if new is None:
                new = await self._ack_late(connection, principal, notification_id)
            acked += new or 0
            if new is None:
                unknown.append(str(notification_id))
        await self._kept(connection, principal)
        return Acked(acked, tuple(unknown))

    async def nack(self, connection: Connection, ids: Sequence[str], *, reason: str) -> Acked:
        """See `Acks.nack`."""
        _principal(connection)
        reason = "".join(filter(str.isprintable, reason))[:_REASON_LENGTH]
        refused, unknown = 0, list[str]()
        for notification_id in map(NotificationId, ids):
            found = self._find(connection, notification_id)
            if found is None:
                unknown.append(str(notification_id))
                continue
            receiver, flight = found
            if not flight.waiting:
                refused += 1
                self._house.aftermath.refused(receiver.track, flight, reason)
                receiver.refuse(flight, reason="nacked", error=reason or "the receiver refused it")
        self._go_on(connection)
        return Acked(refused, tuple(unknown))

    def _find(self, connection: Connection, notification_id: NotificationId) -> tuple[AckReceiver, Flight] | None:
        for receiver in self._house.registry.of(connection):
            flight = receiver.flight(notification_id)
            if flight is not None:
                return receiver, flight
        return None

    def _ack(self, receiver: AckReceiver, flight: Flight) -> int:
        track, aftermath = receiver.track, self._house.aftermath
        attempts, waiting = flight.attempts, flight.waiting
        sent_at = flight.deadline - receiver.window.rules.ack_seconds
        new = track.ack(flight.offset)
        if new and not waiting:
            aftermath.answered(trio.current_time() - sent_at)
        if new and isinstance(track, ChannelTrack):
            aftermath.acked(track.whose, flight.publication.notification.id, attempts)
        elif new:
            aftermath.arrived(new)
        return new

    async def _ack_inbox(self, principal: Principal, notification_id: NotificationId) -> int | None:
        """Outside the window of this connection: sent by another one, over before, or without acks at all.

        None where the inbox does not hold it.
        """
        store, user_id = self._house.broker.inbox, principal.user_id
        position = store.find(principal.client_id, user_id, notification_id) if user_id else None
        if position is None:
            return None
        track = self._house.registry.inbox(principal.client_id, user_id)
        if track is None or track.epoch != position.epoch:
            new = self._inboxes.advance(principal, position)
        else:
            new = track.ack(position.offset)
            self._house.aftermath.arrived(new)
        if store.arrived_late(principal.client_id, user_id, position, now=now_ms()):
            new += 1
            self._house.aftermath.arrived(1)
            whose = Whose(Stage.INBOX, principal.client_id, user_id=user_id)
            await self._house.aftermath.letters.remove([letter_id_of(whose, notification_id)])
        return new

    async def _ack_late(
        self, connection: Connection, principal: Principal, notification_id: NotificationId
    ) -> int | None:
        """It was settled, or is out of the window; None where no subscription has to do with it.

        One that was given up meanwhile has arrived after all: it is no dead letter any more.
        """
        receipt = await self._house.broker.receipts.find(principal.client_id, notification_id)
        position = None if receipt is None else receipt.position
        if receipt is None or position is None:
            return None
        receiver = self._house.registry.receiver(connection, receipt.channel)
        if receiver is None or receiver.closed or receiver.track.epoch != position.epoch:
            return None
        if position.offset > receiver.read:
            return None  # it was not sent yet
        track, aftermath = receiver.track, self._house.aftermath
        letter_id = letter_id_of(track.whose, notification_id)
        new = track.ack(position.offset)
        letter = await aftermath.letters.find(principal.client_id, letter_id)
        if letter is not None:
            new += len(await aftermath.letters.remove([letter_id]))
        if new:
            aftermath.acked(track.whose, notification_id, 0 if letter is None else letter.attempts - 1)
        return min(new, 1)

    def _go_on(self, connection: Connection) -> None:
        """There is room again."""
        for receiver in list(self._house.registry.of(connection)):
            for each in list(receiver.track.receivers):
                each.offer()

    async def _kept(self, connection: Connection, principal: Principal) -> None:
        written: list[Written | None] = [receiver.track.written() for receiver in self._house.registry.of(connection)]
        if principal.user_id:
            written.append(self._house.broker.inbox.written())
        await _wait(written)


async def _wait(written: Iterable[Written | None]) -> None:
    for each in written:
        if each is not None and not each.done():
            await each.wait()


def _principal(connection: Connection) -> Principal:
    if connection.principal is None:
        raise NotAuthenticated("authenticate first", code="not_authenticated")
    return connection.principal
