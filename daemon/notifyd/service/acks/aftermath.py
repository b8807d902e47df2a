"""What becomes of deliveries that are not acked: the receipt tells it, and what is given up becomes a dead letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from notifyd.clock import now_ms
from notifyd.hub.slow import SlowConsumers
from notifyd.model.dead_letter import DeadLetter
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.dead_letters import receiver_letter_id

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.ids import DeadLetterId, NotificationId
    from notifyd.policy.receiving.window import Flight
    from notifyd.service.acks.tracks import Track, Whose
    from notifyd.store.delivery_ports import DeadLetterStore, ReceiptStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.acks")


class DeathDesk(Protocol):
    """Who wants to know of dead letters."""

    def dead(self, letter: DeadLetter) -> None:
        """*letter* was kept. Nothing here waits or raises."""
        ...


class Aftermath:
    """Notes, counts and keeps."""

    def __init__(
        self,
        receipts: ReceiptStore,
        letters: DeadLetterStore,
        counters: Counters,
        desk: DeathDesk | None = None,
        slow: SlowConsumers | None = None,
    ) -> None:
        self._receipts = receipts
        self.letters = letters
        self._counters = counters
        self._desk = desk
        self._slow = SlowConsumers(counters) if slow is None else slow

    def wrote(self, count: int, size_bytes: int) -> None:
        """See `receiver.Aftermath`."""
        self._counters.deliveries += count
        self._counters.delivered_bytes += size_bytes

    def acked(self, whose: Whose, notification_id: NotificationId, attempts: int) -> None:
        """A subscriber acked what it had not acked before. What has arrived at users the inbox notes itself."""
        self._counters.acked += 1
        event = TimelineEvent(now_ms(), Happening.ACKED, whose.user_id, whose.label, attempts + 1)
        self._receipts.note(notification_id, event, acked=1)

    def answered(self, seconds: float) -> None:
        """An ack came so long after its delivery was written last."""
        self._counters.times.ack.observe(seconds)

    def arrived(self, count: int) -> None:
        """Acks moved the cursor of an inbox past so many."""
        self._counters.acked += count
        self._counters.inbox_arrived += count

    def refused(self, track: Track, flight: Flight, reason: str) -> None:
        """A receiver refused it."""
        self._note(track, flight, Happening.NACKED, flight.attempts + 1, reason)

    def timed_out(self, track: Track, flight: Flight) -> None:
        """See `receiver.Aftermath`."""
        self._note(track, flight, Happening.ACK_TIMED_OUT, flight.attempts + 1)

    def sent_again(self, track: Track, flight: Flight) -> None:
        """See `receiver.Aftermath`."""
        self._counters.redelivered += 1
        self._note(track, flight, Happening.REDELIVERED, flight.attempts + 1)

    def gave_up(self, track: Track, flight: Flight, *, reason: str, error: str) -> None:
        """See `receiver.Aftermath`."""
        now, whose = now_ms(), track.whose
        notification = flight.publication.notification
        letter = DeadLetter(
            letter_id_of(whose, notification.id),
            whose.stage,
            notification,
            reason,
            error,
            flight.attempts,
            now,
            user_id=whose.user_id,
            durable=whose.durable,
            owner=whose.owner,
            connection_id=whose.connection_id,
            epoch=track.epoch,
            offset=flight.offset,
        )
        self.letters.add([letter], now=now)
        self._counters.dead += 1
        self._note(track, flight, Happening.DEAD, flight.attempts, reason)
        log.info(
            "delivery_dead",
            dead_letter_id=letter.id,
            stage=letter.stage.value,
            reason=reason,
            **notification.log_fields(),
        )
        if self._desk is not None:
            self._desk.dead(letter)

    def end_slow(self, connection: Connection) -> None:
        """See `receiver.Aftermath`."""
        self._slow.cut(connection)

    def _note(self, track: Track, flight: Flight, happening: Happening, attempt: int, detail: str = "") -> None:
        whose = track.whose
        event = TimelineEvent(now_ms(), happening, whose.user_id, whose.label, attempt, detail)
        self._receipts.note(flight.publication.notification.id, event)


def letter_id_of(whose: Whose, notification_id: NotificationId) -> DeadLetterId:
    """The id of what this receiver did not ack."""
    return receiver_letter_id(notification_id, whose.stage, *whose.identity)
