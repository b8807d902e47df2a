"""Channels as simple as can be: everything that was ever stamped, and how much of it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification

MAX_CHANNELS: Final = 3
MAX_BYTES: Final = 4000

#: Of each channel: how many are kept, and for how long.
BOUNDS: Final = {"a": (5, 60_000), "b": (5, 60_000), "short": (2, 60_000), "brief": (5, 20_000)}


@dataclass
class Stamped:
    """One publication."""

    notification: Notification
    offset: int
    at: int
    #: What the journal takes for that: it writes down when it was settled, where that is not as usual.
    row_at: int
    #: It was in the queue when the daemon stopped.
    carried_over: bool = False
    given_up: bool = False

    def alive(self, now: int) -> bool:
        """Whether it may be given."""
        return not self.given_up and not self.notification.expired(now)


@dataclass
class Channel:
    """One channel since it was last forgotten."""

    name: str
    number: int
    epoch: str
    stamped: list[Stamped] = field(default_factory=list)
    #: How many of the newest are kept.
    count: int = 0

    def kept(self) -> list[Stamped]:
        return self.stamped[len(self.stamped) - self.count :]

    def leaves_at(self) -> int:
        """When the oldest goes."""
        return self.kept()[0].at + BOUNDS[self.name][1]

    def within_age(self, now: int) -> int:
        """How many of what is kept are not over age."""
        return sum(one.at > now - BOUNDS[self.name][1] for one in self.kept())

    def left(self, now: int) -> list[Stamped]:
        """What is within the bounds of the channel, kept or not."""
        count, age = BOUNDS[self.name]
        return [one for one in self.stamped[-count:] if one.at > now - age]

    def restart(self) -> None:
        """Go on with what the journal says of times; nothing was stamped after what follows it."""
        latest = 1 << 62
        for one in reversed(self.stamped):
            latest = one.at = min(one.row_at, latest)


@dataclass
class Histories:
    """All channels, the one without a publication for the longest time first."""

    channels: dict[str, Channel] = field(default_factory=dict)
    numbers: int = 0

    def stamp(self, notification: Notification, epoch: str, now: int) -> int:
        """Append; answers the offset. *epoch* is that of a channel that was not known."""
        name = notification.channel
        channel = self.channels.pop(name, None)
        if channel is None:
            self.numbers += 1
            channel = Channel(name, self.numbers, epoch)
        self.channels[name] = channel
        channel.stamped.append(Stamped(notification, len(channel.stamped) + 1, now, now))
        channel.count = min(channel.count + 1, BOUNDS[name][0])
        return len(channel.stamped)

    def size_bytes(self) -> int:
        return sum(one.notification.size() for channel in self.channels.values() for one in channel.kept())

    def evict(self) -> None:
        """What is over the bounds of all channels goes."""
        while self.size_bytes() > MAX_BYTES:
            first = min((c for c in self.channels.values() if c.count), key=lambda c: (c.leaves_at(), c.number))
            first.count -= 1
        while len(self.channels) > MAX_CHANNELS:
            del self.channels[next(iter(self.channels))]

    def trim(self, now: int) -> int:
        """What is over age goes."""
        before = sum(channel.count for channel in self.channels.values())
        for channel in self.channels.values():
            channel.count = channel.within_age(now)
        return before - sum(channel.count for channel in self.channels.values())

    def restart(self) -> None:
        """Of the order is known when the last was stamped that is kept, and which channel was there first."""
        found = sorted(self.channels.values(), key=lambda c: (c.kept()[-1].at if c.count else 0, c.number))
        self.channels = {channel.name: channel for channel in found}

    def find(self, notification_id: NotificationId) -> Stamped | None:
        """Its place, where its channel is known."""
        everything = (one for channel in self.channels.values() for one in channel.stamped)
        return next((one for one in everything if one.notification.id == notification_id), None)
