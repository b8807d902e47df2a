"""What every way of listening has in common: the places reached, and the person who is told about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from notifyctl.retrying.backoff import Backoff
from notifyctl.showing.text import sentence
from notifyd.v1.types_pb2 import StreamPosition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyctl.showing.output import Record

Since = StreamPosition | Literal["beginning"] | None
"""From where to listen: after a position, from the oldest that is kept, or None for what comes from now on."""


#: The daemon gives up what is not acked, and does not say so: what is held longer than these is let go.
_MOST_HELD: Final = 1000


@dataclass
class Places:
    """How far each channel was read: what to ask for after a drop."""

    channels: Sequence[str]
    since: Since = None
    #: Whose inbox is read too; empty for nobody's.
    user: str = ""
    #: What comes is to be acked, or it is sent again; under a name, that outlives the link.
    ack: bool = False
    durable: str = ""
    #: How many are to be open at once where they are acked; 0 leaves it to the daemon.
    at_once: int = 0
    reached: dict[str, StreamPosition] = field(default_factory=dict)
    inbox: StreamPosition | None = None
    #: Offsets that were handed over and are not done, by channel; only where they are acked without a name.
    _held: dict[str, dict[int, None]] = field(default_factory=dict)
    #: Up to where a channel that was resumed below what was reached says again what is done.
    _again: dict[str, StreamPosition] = field(default_factory=dict)

    def asked(self, channel: str) -> StreamPosition | None:
        """The position to resume *channel* at; None for live only."""
        reached = self.reached.get(channel)
        if reached is None:
            return self.since if isinstance(self.since, StreamPosition) else None
        if held := self._held.get(channel):
            self._again[channel] = reached
            return StreamPosition(epoch=reached.epoch, offset=min(held) - 1)
        return reached

    def subscribed(self, channel: str, position: StreamPosition, *, replayed: int) -> None:
        """The daemon said where *channel* (empty: the inbox) stands; a replay still has to come when *replayed*."""
        if replayed:
            return
        if channel:
            self.reached[channel] = position
        else:
            self.inbox = position

    def received(self, publication: Record) -> None:
        """*publication* was handed over, and is done with."""
        self.taken(publication)
        self.done(publication)

    def taken(self, publication: Record) -> None:
        """*publication* was handed over."""
        if publication["epoch"] is None:
            return
        place, channel = (
            StreamPosition(epoch=publication["epoch"], offset=publication["offset"]),
            publication["channel"],
        )
        if channel is None:
            # With acks a position says that all before it has arrived.
            self.inbox = self.inbox if self.ack else place
            return
        reached = self.reached.get(channel)
        if reached is not None and reached.epoch != place.epoch:
            self._held.pop(channel, None)
        if not _before(place, reached):
            self.reached[channel] = place
        if self.ack and not self.durable:
            held = self._held.setdefault(channel, {})
            held[place.offset] = None
            if len(held) > _MOST_HELD:
                del held[next(iter(held))]

    def done(self, publication: Record) -> None:
        """What was done about *publication* was a success."""
        channel, offset = publication["channel"], publication["offset"]
        if publication["epoch"] is None:
            return
        if channel is not None:
            self._held.get(channel, {}).pop(offset, None)
        elif self.ack:
            self.inbox = StreamPosition(epoch=publication["epoch"], offset=offset)

    def seen(self, publication: Record) -> bool:
        """Whether *publication* was handed over before: an inbox says again what its cursor has not passed."""
        channel, epoch, offset = publication["channel"], publication["epoch"], publication["offset"]
        if channel is None:
            return self.inbox is not None and epoch == self.inbox.epoch and bool(offset <= self.inbox.offset)
        again = self._again.get(channel)
        return (
            again is not None and epoch == again.epoch and offset <= again.offset and not self._holds(channel, offset)
        )

    def _holds(self, channel: str, offset: int) -> bool:
        return offset in self._held.get(channel, ())

    def name(self, channel: str) -> str:
        """What to call *channel*, the empty one being the inbox."""
        return channel or f"the inbox of {self.user}"


def _before(place: StreamPosition, reached: StreamPosition | None) -> bool:
    """Whether *place* was passed: what is sent again comes behind what came after it."""
    return reached is not None and place.epoch == reached.epoch and place.offset < reached.offset


class Reconnecting:
    """Between a drop and the return: how long to pause, and two words to the operator for all attempts together."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._backoff = Backoff()
        self._away = False
        #: The daemon let us in once, so that its absence now is a drop and no mistake of the operator.
        self.been_there = False

    def returned(self) -> None:
        """The daemon lets us listen."""
        if self._away:
            self._note("Listening again.")
        self._away = False
        self.been_there = True
        self._backoff.reset()

    def dropped(self, reason: str) -> float:
        """The link is gone; how many seconds to wait before the next attempt."""
        if not self._away:
            self._note(f"{sentence(reason)} Trying again.")
        self._away = True
        return self._backoff.next_seconds()


def subscribed_note(channel: str, position: StreamPosition, *, recovered: bool | None, skipped: int) -> str:
    """What a person should hear about a subscription; empty when nothing is worth a word."""
    if recovered is False:
        return (
            f"{channel}: recovered is false: the position asked for is not in the history any more; "
            f"going on from {position.epoch}:{position.offset}."
        )
    return f"{channel}: left out, expired or given up: {skipped}." if skipped else ""
