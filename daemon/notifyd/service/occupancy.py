"""Which users are connected and which channels have subscribers, told where a webhook wants to know."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Protocol

import trio

from notifyd.hub.observer import observing
from notifyd.policy.events import EventType
from notifyd.policy.occupancy import Occupancy
from notifyd.policy.presence import is_operator

if TYPE_CHECKING:
    from notifyd.hub.channel import ChannelKey, UserKey
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.model.ids import ClientId, UserId


class Told(Protocol):
    """Who is told; nothing here waits or raises."""

    def user(self, event_type: EventType, client_id: ClientId, user_id: UserId) -> None:
        """A user has come or gone."""
        ...

    def channel(self, event_type: EventType, client_id: ClientId, channel: str) -> None:
        """A channel has got its first subscriber, or lost the last."""
        ...


class OccupancyWatch:
    """An `Observer` of the hub while somebody wants to know; operators, who look on, do not count.

    What it knows is of this run of the daemon: nobody is told to have gone because it stops.
    """

    def __init__(self, hub: Hub, told: Told, grace_seconds: float) -> None:
        self._hub = hub
        self._told = told
        self._users: Occupancy[UserKey] = Occupancy(grace_seconds)
        self._channels: Occupancy[ChannelKey] = Occupancy(grace_seconds)
        #: Of each channel that has any; not kept while nobody wants to know.
        self._subscribers: Counter[ChannelKey] = Counter()
        self._of_users = self._of_channels = False
        self._bell = trio.Event()

    def configure(self, grace_seconds: float, *, users: bool, channels: bool) -> None:
        """Look at users, at channels, or at neither from now on. Who is there already is not told."""
        self._users.grace_seconds = self._channels.grace_seconds = grace_seconds
        if channels and not self._of_channels:
            self._subscribers = self._count()
        if not channels:
            self._subscribers.clear()
            self._channels = Occupancy(grace_seconds)
        if not users:
            self._users = Occupancy(grace_seconds)
        self._of_users, self._of_channels = users, channels
        self._hub.observers = observing(self._hub.observers, self, wanted=users or channels)
        self._bell.set()

    def _count(self) -> Counter[ChannelKey]:
        return Counter(
            (connection.principal.client_id, channel)
            for connection in self._hub.connections()
            if connection.principal is not None and not is_operator(connection.principal)
            for channel in connection.subscriptions or ()
        )

    @property
    def leaving(self) -> int:
        """Users and channels whose end waits to be told."""
        return len(self._users) + len(self._channels)

    async def run(self) -> None:
        """Tell who is gone, once that is certain; sleeps until the earliest of them."""
        while True:
            deadlines = [each.next_deadline() for each in (self._users, self._channels)]
            deadline = min((each for each in deadlines if each is not None), default=None)
            self._bell = trio.Event()
            with trio.move_on_at(math.inf if deadline is None else deadline):
                await self._bell.wait()
            self._tell_gone()
            await trio.lowlevel.checkpoint()

    def _tell_gone(self) -> None:
        now = trio.current_time()
        for client_id, user_id in self._users.gone(now=now):
            self._told.user(EventType.USER_DISCONNECTED, client_id, user_id)
        for client_id, channel in self._channels.gone(now=now):
            self._told.channel(EventType.VACATED, client_id, channel)

    # What the hub tells

    def user_connected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer.user_connected`."""
        if self._of_users and self._users.came((client_id, user_id)):
            self._told.user(EventType.USER_CONNECTED, client_id, user_id)

    def user_disconnected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer.user_disconnected`."""
        if self._of_users:
            self._users.went((client_id, user_id), now=trio.current_time())
            self._ring(self._users)

    def subscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.subscribed`."""
        key = self._key(connection, channel)
        if key is None:
            return
        self._subscribers[key] += 1
        if self._subscribers[key] == 1 and self._channels.came(key):
            self._told.channel(EventType.OCCUPIED, *key)

    def unsubscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.unsubscribed`."""
        key = self._key(connection, channel)
        if key is None or key not in self._subscribers:
            return
        self._subscribers[key] -= 1
        if not self._subscribers[key]:
            del self._subscribers[key]
            self._channels.went(key, now=trio.current_time())
            self._ring(self._channels)

    def _key(self, connection: Connection, channel: str) -> ChannelKey | None:
        principal = connection.principal
        if not self._of_channels or principal is None or is_operator(principal):
            return None
        return (principal.client_id, channel)

    def _ring(self, leaving: Occupancy[UserKey] | Occupancy[ChannelKey]) -> None:
        # the first to leave sets the deadline; and too many are told before theirs
        if len(leaving) == 1 or leaving.next_deadline() == 0.0:
            self._bell.set()
