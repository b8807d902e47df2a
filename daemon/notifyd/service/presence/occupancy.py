"""Which users are connected and which channels have subscribers, told where a webhook wants to know."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Protocol

import msgspec
import trio

from notifyd.hub.observer import observing
from notifyd.model.ids import ClientId, UserId
from notifyd.policy.occupancy import Occupancy
from notifyd.policy.presence import is_operator
from notifyd.policy.webhooks.events import EventType
from notifyd.service.cluster.shared_set import SharedSet

if TYPE_CHECKING:
    from notifyd.bus.ports import Peers
    from notifyd.hub.channel import ChannelKey, UserKey
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub


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
        #: What other nodes have; None while there can be none.
        self._shared: SharedSet | None = None
        self._peers: Peers | None = None
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

    def share(self, peers: Peers) -> SharedSet:
        """Have what is told be about all nodes together; the answer has to be run."""
        self._peers = peers
        self._shared = SharedSet(peers, "occupancy", self)
        return self._shared

    def _elsewhere(self, key: str) -> bool:
        return self._shared is not None and self._shared.elsewhere(key)

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
        if not self._of_users:
            return
        name = _name("u", client_id, user_id)
        if self._users.came((client_id, user_id)) and not self._elsewhere(name):
            self._told.user(EventType.USER_CONNECTED, client_id, user_id)
        if self._shared is not None:
            self._shared.put(name)

    def user_disconnected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer.user_disconnected`."""
        if not self._of_users:
            return
        name = _name("u", client_id, user_id)
        if self._shared is not None:
            self._shared.discard(name)
        if not self._elsewhere(name):
            self._users.went((client_id, user_id), now=trio.current_time())
            self._ring(self._users)

    def subscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.subscribed`."""
        key = self._key(connection, channel)
        if key is None:
            return
        self._subscribers[key] += 1
        if self._subscribers[key] > 1:
            return
        name = _name("c", *key)
        if self._channels.came(key) and not self._elsewhere(name):
            self._told.channel(EventType.OCCUPIED, *key)
        if self._shared is not None:
            self._shared.put(name)

    def unsubscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.unsubscribed`."""
        key = self._key(connection, channel)
        if key is None or key not in self._subscribers:
            return
        self._subscribers[key] -= 1
        if self._subscribers[key]:
            return
        del self._subscribers[key]
        name = _name("c", *key)
        if self._shared is not None:
            self._shared.discard(name)
        if not self._elsewhere(name):
            self._channels.went(key, now=trio.current_time())
            self._ring(self._channels)

    # What other nodes tell

    def added(self, node: str, key: str, value: msgspec.Raw) -> None:
        """See `Follower.added`: who is there has not gone."""
        kind, client_id, name = _names(key)
        if kind == "u":
            self._users.came((ClientId(client_id), UserId(name)))
        else:
            self._channels.came((ClientId(client_id), name))

    def removed(self, node: str, key: str, *, dead: bool) -> None:
        """See `Follower.removed`: a node that lives tells it itself, the first of the others for one that does not."""
        if not dead or self._peers is None or self._peers.node_id != min(self._peers.live()) or self._elsewhere(key):
            return
        kind, client_id, name = _names(key)
        user, channel = (ClientId(client_id), UserId(name)), (ClientId(client_id), name)
        if kind == "u" and self._of_users and not self._hub.user_connection_count(*user):
            self._users.went(user, now=trio.current_time())
            self._ring(self._users)
        elif kind == "c" and self._of_channels and channel not in self._subscribers:
            self._channels.went(channel, now=trio.current_time())
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


def _name(*parts: str) -> str:
    return msgspec.json.encode(parts).decode()


def _names(key: str) -> tuple[str, str, str]:
    return msgspec.json.decode(key, type=tuple[str, str, str])
