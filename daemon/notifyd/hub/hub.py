"""Who is connected, who wants which channel, and how a publication reaches them.

Everything but `fan_out` is synchronous: a caller that does several steps without awaiting does them at one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from notifyd.errors import Conflict
from notifyd.hub.channel import ChannelKey, LiveChannel, UserKey
from notifyd.hub.connection import InboxWatch
from notifyd.hub.fanout import Encoder, FanOut
from notifyd.hub.slow import SlowConsumers
from notifyd.model.ids import UserId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notifyd.hub.connection import Connection
    from notifyd.hub.observer import Crowds, Observer
    from notifyd.hub.receiver import Receiver
    from notifyd.model.ids import ClientId, ConnectionId, KeyId
    from notifyd.model.principal import Principal
    from notifyd.model.publication import Publication
    from notifyd.model.restarted import Restarted
    from notifyd.telemetry.metrics import Counters

#: What is told is about a channel.
_NOBODY: Final = UserId("")

K = TypeVar("K")
V = TypeVar("V")


class Hub:
    """The registry of live connections of this node."""

    def __init__(self, encoders: Mapping[str, Encoder], counters: Counters) -> None:
        self._connections: dict[ConnectionId, Connection] = {}
        #: The authenticated connections that are to have the broadcasts of their client, each with the offset of the
        #: client's own stream up to which the history served it.
        self._audiences: dict[ClientId, dict[Connection, int]] = {}
        self._keys: dict[KeyId, dict[Connection, None]] = {}
        #: The connections that authenticated as a user, whether or not they receive the inbox yet.
        self._users: dict[UserKey, dict[Connection, None]] = {}
        self._channels: dict[ChannelKey, LiveChannel] = {}
        #: Those that receive the inbox of a user.
        self._inboxes: dict[UserKey, LiveChannel] = {}
        self._subscriptions = 0
        #: Told of comings and goings; none while nobody wants to know.
        self.observers: tuple[Observer, ...] = ()
        #: Told how many there are; None where no other node wants to know.
        self.crowds: Crowds | None = None
        #: Whoever finds one that does not read has it cut off by this.
        self.slow = SlowConsumers(counters)
        self._fan_out = FanOut(encoders, counters, self.slow)
        self._counters = counters

    def add(self, connection: Connection) -> None:
        """Register a connection that has not authenticated yet."""
        self._connections[connection.id] = connection
        self._counters.connections_opened += 1

    def authenticate(self, connection: Connection, principal: Principal) -> None:
        """Make it a connection of a client and of its user: it may subscribe, and `join`.

        Raises:
            Conflict: it is authenticated as another client or another user already.
        """
        before = connection.principal
        if before is not None:
            if (before.client_id, before.user_id) != (principal.client_id, principal.user_id):
                raise Conflict("already authenticated for another client or user", code="already_authenticated")
            _discard(self._keys, before.key_id, connection)
        connection.principal = principal
        if principal.key_id:
            self._keys.setdefault(principal.key_id, {})[connection] = None
        if principal.user_id:
            self._take_user((principal.client_id, principal.user_id), connection)

    def _take_user(self, key: UserKey, connection: Connection) -> None:
        members = self._users.setdefault(key, {})
        members[connection] = None
        self._tell_crowds(key[0], user_id=key[1])
        if len(members) == 1:
            for observer in self.observers:
                observer.user_connected(*key)

    def join(self, connection: Connection, *, offset: int = -1) -> None:
        """Let broadcasts reach it, and what names it, if its link takes them.

        *offset*: up to where the history of the client's own stream has served it, as after a recovery.
        """
        assert connection.principal is not None, "only authenticated connections join"
        if connection.link.broadcasts:
            client_id = connection.principal.client_id
            self._audiences.setdefault(client_id, {})[connection] = offset
            self._tell_crowds(client_id)

    def receive_inbox(self, connection: Connection, *, epoch: str, offset: int) -> None:
        """Deliver what comes into the inbox of its user after *offset*; it was served up to there."""
        principal = connection.principal
        assert principal is not None, "only authenticated connections have an inbox"
        assert principal.user_id, "only users have an inbox"
        if connection.inbox is None:
            connection.inbox = InboxWatch(epoch)
        live = self._inboxes.setdefault((principal.client_id, principal.user_id), LiveChannel())
        live.serve(connection, offset)

    def feed_inbox(self, connection: Connection, receiver: Receiver) -> None:
        """Tell *receiver* of what comes into the inbox of the connection's user."""
        principal = connection.principal
        assert principal is not None, "only authenticated connections have an inbox"
        assert principal.user_id, "only users have an inbox"
        self._inboxes.setdefault((principal.client_id, principal.user_id), LiveChannel()).feed(connection, receiver)

    def subscribe(self, connection: Connection, channel: str, *, offset: int) -> None:
        """Deliver what is stamped after *offset*, the position that the subscriber was told (it has all before)."""
        self._live(connection, channel).serve(connection, offset)
        self._note(connection, channel)

    def feed(self, connection: Connection, channel: str, receiver: Receiver) -> None:
        """Subscribe by *receiver*, which is told of what is new and writes it to *connection* itself."""
        self._live(connection, channel).feed(connection, receiver)
        self._note(connection, channel)

    def _live(self, connection: Connection, channel: str) -> LiveChannel:
        assert connection.principal is not None, "only authenticated connections subscribe"
        key = (connection.principal.client_id, channel)
        live = self._channels.get(key)
        if live is None:
            live = self._channels[key] = LiveChannel()
        return live

    def _note(self, connection: Connection, channel: str) -> None:
        if connection.subscriptions is None:
            connection.subscriptions = set()
        if channel not in connection.subscriptions:
            connection.subscriptions.add(channel)
            self._subscriptions += 1
            assert connection.principal is not None, "only authenticated connections subscribe"
            self._tell_crowds(connection.principal.client_id, channel)
            for observer in self.observers:
                observer.subscribed(connection, channel)

    def unsubscribe(self, connection: Connection, channel: str) -> bool:
        """Stop a channel; False when it was not subscribed."""
        if connection.subscriptions is None or channel not in connection.subscriptions:
            return False
        assert connection.principal is not None, "only authenticated connections subscribe"
        connection.subscriptions.discard(channel)
        self._drop_subscriber((connection.principal.client_id, channel), connection)
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection whose link is gone; calling it again changes nothing."""
        # One that continues it may have taken its id over.
        if self._connections.get(connection.id) is not connection:
            return
        del self._connections[connection.id]
        connection.ended = True
        self._counters.connections_closed += 1
        principal = connection.principal
        if principal is None:
            return
        for channel in connection.subscriptions or ():
            self._drop_subscriber((principal.client_id, channel), connection)
        connection.subscriptions = None
        self._forget_credential(connection, principal)
        if connection in self._audiences.get(principal.client_id, ()):
            _discard(self._audiences, principal.client_id, connection)
            self._tell_crowds(principal.client_id)
        self._leave_inbox((principal.client_id, principal.user_id), connection)

    def _drop_subscriber(self, key: ChannelKey, connection: Connection) -> None:
        live = self._channels[key]
        live.drop(connection)
        if not live:
            del self._channels[key]
        self._subscriptions -= 1
        self._tell_crowds(*key)
        for observer in self.observers:
            observer.unsubscribed(connection, key[1])

    def _leave_inbox(self, key: UserKey, connection: Connection) -> None:
        live = self._inboxes.get(key)
        if live is not None:
            live.drop(connection)
            if not live:
                del self._inboxes[key]

    def _forget_credential(self, connection: Connection, principal: Principal) -> None:
        if principal.key_id:
            _discard(self._keys, principal.key_id, connection)
        key = (principal.client_id, principal.user_id)
        if not principal.user_id:
            return
        last = _discard(self._users, key, connection)
        self._tell_crowds(key[0], user_id=key[1])
        if last:
            for observer in self.observers:
                observer.user_disconnected(*key)

    def _tell_crowds(self, client_id: ClientId, channel: str = "", user_id: UserId = _NOBODY) -> None:
        """How many there are now; counted only where somebody wants to know."""
        if self.crowds is None:
            return
        if user_id:
            count = self.user_connection_count(client_id, user_id)
        else:
            count = self.subscriber_count(client_id, channel) if channel else len(self.audience(client_id))
        self.crowds.present(client_id, channel, user_id, count)

    def restart(self, restarted: Restarted) -> None:
        """Its offsets begin anew, so that none that was served before may hold back what comes.

        Who acks is closed, to come back and be told: what it has acked means nothing any more. Where some of it is
        missing, its subscribers are closed as well; a broadcast has no place to resume from, and is just missed.
        """
        if restarted.user_id:
            live = self._inboxes.get((restarted.client_id, restarted.user_id))
        else:
            live = self._channels.get((restarted.client_id, restarted.channel))
        if live is not None:
            live.restart(gap=restarted.gap)
        if not restarted.channel and not restarted.user_id:
            audience = self._audiences.get(restarted.client_id, {})
            audience.update(dict.fromkeys(audience, 0))

    async def fan_out(self, publications: Sequence[Publication]) -> list[int]:
        """Write *publications*, in this order, to everyone who is to have them; answers the deliveries of each.

        Who gets what is settled before the first await, so that whoever subscribes meanwhile is served by the history
        alone. A batch to one connection is one write. Slow consumers are ended, each alone.
        """
        return await self._fan_out.run(publications, self)

    def connection(self, connection_id: ConnectionId) -> Connection | None:
        """The connection of that id, if it is live."""
        return self._connections.get(connection_id)

    def connections(self) -> list[Connection]:
        """All live connections, a copy."""
        return list(self._connections.values())

    def of_key(self, key_id: KeyId) -> list[Connection]:
        """The connections that authenticated with this key."""
        return list(self._keys.get(key_id, ()))

    def of_user(self, client_id: ClientId, user_id: UserId) -> list[Connection]:
        """The connections that authenticated as this user."""
        return list(self._users.get((client_id, user_id), ()))

    def of_client(self, client_id: ClientId) -> list[Connection]:
        """All authenticated connections of a client. Looks at every connection: not for hot paths."""
        return [c for c in self._connections.values() if c.principal is not None and c.principal.client_id == client_id]

    def audience(self, client_id: ClientId) -> Mapping[Connection, int]:
        """See `Rosters.audience`; not to be changed."""
        return self._audiences.get(client_id, {})

    def channel(self, client_id: ClientId, channel: str) -> LiveChannel | None:
        """See `Rosters.channel`."""
        return self._channels.get((client_id, channel))

    def user(self, client_id: ClientId, user_id: UserId) -> LiveChannel | None:
        """See `Rosters.user`."""
        return self._inboxes.get((client_id, user_id))

    def user_connection_count(self, client_id: ClientId, user_id: UserId) -> int:
        """How many connections authenticated as this user."""
        return len(self._users.get((client_id, user_id), ()))

    def key_connection_count(self, key_id: KeyId) -> int:
        """How many connections authenticated with this key."""
        return len(self._keys.get(key_id, ()))

    def subscriber_count(self, client_id: ClientId, channel: str) -> int:
        """How many connections are subscribed to the channel."""
        live = self._channels.get((client_id, channel))
        return 0 if live is None else len(live)

    def occupied(self) -> Iterator[tuple[ChannelKey, int]]:
        """Every channel that has subscribers, with their count."""
        return ((key, len(live)) for key, live in self._channels.items())

    @property
    def connection_count(self) -> int:
        """Live connections, authenticated or not."""
        return len(self._connections)

    @property
    def channel_count(self) -> int:
        """Channels that have subscribers."""
        return len(self._channels)

    @property
    def subscription_count(self) -> int:
        """Subscriptions of all connections."""
        return self._subscriptions


def _discard(groups: dict[K, dict[Connection, V]], key: K, connection: Connection) -> bool:
    """Take it out of its group; whether it was the last one there."""
    members = groups.get(key)
    if members is None:
        return False
    members.pop(connection, None)
    if members:
        return False
    del groups[key]
    return True
