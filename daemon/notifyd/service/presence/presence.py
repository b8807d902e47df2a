"""Who is in which channel, where its rule tells it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import now_ms
from notifyd.errors import Denied
from notifyd.hub.observer import observing
from notifyd.model.ids import ClientId, ConnectionId, UserId
from notifyd.model.presence import Member, PresenceChange, PresenceView
from notifyd.policy.access.scopes import check_subscribe
from notifyd.policy.naming.channels import MAX_CHANNEL_LENGTH, check_channel
from notifyd.policy.presence import PresenceRules, is_operator, member_key
from notifyd.service.cluster.shared_set import SharedSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.bus.ports import Peers
    from notifyd.hub.channel import ChannelKey
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.model.principal import Principal


class _Seat(msgspec.Struct, frozen=True, array_like=True):
    """One connection in a channel, as nodes tell each other of it."""

    client_id: ClientId
    channel: str
    connection_id: ConnectionId


class _Sitter(msgspec.Struct, frozen=True, array_like=True):
    """Whose connection it is, and since when it is there."""

    user_id: UserId
    joined_at: int


_encode: Final = msgspec.json.Encoder().encode
_seat: Final = msgspec.json.Decoder(_Seat).decode
_sitter: Final = msgspec.json.Decoder(_Sitter).decode


class _Entry:
    """One member: since when it is there, and by which connections."""

    __slots__ = ("connection_ids", "joined_at", "user_id")

    def __init__(self, user_id: UserId, joined_at: int) -> None:
        self.user_id = user_id
        self.joined_at = joined_at
        self.connection_ids: dict[ConnectionId, None] = {}

    def view(self) -> Member:
        return Member(self.user_id, tuple(self.connection_ids), self.joined_at)


class Presence:
    """Keeps a roster of each channel that tells who is in it; an `Observer` of the hub while there may be such.

    *tell* is called with each join and leave where the rule wants them told; it must not wait.
    """

    def __init__(
        self,
        hub: Hub,
        rules: PresenceRules,
        tell: Callable[[PresenceChange], None],
        *,
        max_channel_length: int = MAX_CHANNEL_LENGTH,
    ) -> None:
        self._hub = hub
        self._tell = tell
        self._max_length = max_channel_length
        #: Of each channel with presence and members: the members by their keys, who is there longest first.
        self._rosters: dict[ChannelKey, dict[str, _Entry]] = {}
        #: Of other nodes; None while there can be none.
        self._shared: SharedSet | None = None
        #: By the key of a seat elsewhere: whose it is.
        self._elsewhere: dict[str, _Sitter] = {}
        self.rules = PresenceRules()
        self.configure(rules)

    def configure(self, rules: PresenceRules) -> None:
        """Go by other rules from now on; nobody joins or leaves by that.

        Who is in a channel already that tells it only now, is there since now as far as is known.
        """
        before, self.rules = self.rules, rules
        self._hub.observers = observing(self._hub.observers, self, wanted=rules.wanted)
        if rules.rules == before.rules:
            return
        kept, self._rosters = self._rosters, {}
        for key, _ in list(self._hub.occupied()):
            if not rules.of(key[1]).presence:
                continue
            roster = kept[key] if key in kept else self._roster_of(key)
            if roster:
                self._rosters[key] = roster

    def share(self, peers: Peers) -> SharedSet:
        """Tell other nodes who is here, and know who is there; the answer has to be run."""
        self._shared = SharedSet(peers, "presence", self)
        return self._shared

    def _roster_of(self, key: ChannelKey) -> dict[str, _Entry]:
        roster: dict[str, _Entry] = {}
        live = self._hub.channel(*key)
        for connection in (*live.subscribers, *live.receivers) if live is not None else ():
            if connection.principal is not None and not is_operator(connection.principal):
                _enter(roster, connection.principal.user_id, connection.id, now_ms())
        for name, sitter in self._elsewhere.items():
            seat = _seat(name)
            if (seat.client_id, seat.channel) == key:
                _enter(roster, sitter.user_id, seat.connection_id, sitter.joined_at)
        return roster

    def members(
        self, principal: Principal | None, client_id: ClientId, channel: str, limit: int | None = None
    ) -> PresenceView:
        """Who is in a channel; of more than *limit* members the first to come.

        *principal* is who asks, about its own client whatever *client_id* says; None is an operator, who is told
        whatever the rule says. Without one nobody noted since when a member is there: since now, as far as is known.

        Raises:
            Invalid: *channel* cannot name a channel.
            Denied: the credential may not subscribe to it, or nobody is told who is in it (`presence_off`).
        """
        check_channel(channel, max_length=self._max_length)
        if principal is not None:
            check_subscribe(principal.grants, channel)
            client_id = principal.client_id
        told = self.rules.of(channel).presence
        if not told and principal is not None:
            raise Denied(
                f"who is in {channel!r} is not told: no rule in [[channels]] with presence fits first",
                code="presence_off",
            )
        key = (client_id, channel)
        roster = self._rosters.get(key, {}) if told else self._roster_of(key)
        most = self.rules.max_members if limit is None else min(limit, self.rules.max_members)
        return PresenceView(
            channel=channel,
            member_count=len(roster),
            subscriber_count=self._hub.subscriber_count(client_id, channel) + self._subscribers_elsewhere(key),
            members=tuple(entry.view() for entry in islice(roster.values(), most)),
        )

    @property
    def member_count(self) -> int:
        """Members of all channels."""
        return sum(map(len, self._rosters.values()))

    # What the hub tells

    def subscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.subscribed`."""
        rule, principal = self.rules.of(channel), connection.principal
        if not rule.presence or principal is None or is_operator(principal):
            return
        now = now_ms()
        self._come((principal.client_id, channel), principal.user_id, connection.id, now)
        if self._shared is not None:
            seat = _encode(_Seat(principal.client_id, channel, connection.id))
            self._shared.put(seat.decode(), _encode(_Sitter(principal.user_id, now)))

    def _come(self, key: ChannelKey, user_id: UserId, connection_id: ConnectionId, joined_at: int) -> None:
        entry = _enter(self._rosters.setdefault(key, {}), user_id, connection_id, joined_at)
        if entry is not None and self.rules.of(key[1]).join_leave:
            self._tell(PresenceChange(*key, joined=True, member=entry.view()))

    def unsubscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.unsubscribed`."""
        principal = connection.principal
        assert principal is not None, "only authenticated connections subscribe"
        self._go((principal.client_id, channel), principal.user_id, connection.id)
        if self._shared is not None:
            self._shared.discard(_encode(_Seat(principal.client_id, channel, connection.id)).decode())

    def _go(self, key: ChannelKey, user_id: UserId, connection_id: ConnectionId) -> None:
        roster = self._rosters.get(key)
        if roster is None:
            return
        gone = _leave(roster, user_id, connection_id)
        if not roster:
            del self._rosters[key]
        if gone is not None and self.rules.of(key[1]).join_leave:
            self._tell(PresenceChange(*key, joined=False, member=gone))

    # What other nodes tell

    def added(self, node: str, key: str, value: msgspec.Raw) -> None:
        """See `Follower.added`."""
        seat, sitter = _seat(key), _sitter(value)
        self._elsewhere[key] = sitter
        if self.rules.of(seat.channel).presence:
            self._come((seat.client_id, seat.channel), sitter.user_id, seat.connection_id, sitter.joined_at)

    def removed(self, node: str, key: str, *, dead: bool) -> None:
        """See `Follower.removed`: who was on a node that is gone has left."""
        seat, sitter = _seat(key), self._elsewhere.pop(key, None)
        if sitter is not None:
            self._go((seat.client_id, seat.channel), sitter.user_id, seat.connection_id)

    def _subscribers_elsewhere(self, key: ChannelKey) -> int:
        if not self._elsewhere:
            return 0
        roster = self._rosters.get(key, {})
        seated = sum(len(entry.connection_ids) for entry in roster.values())
        live = self._hub.channel(*key)
        here = [each for each in (*live.subscribers, *live.receivers) if each.principal] if live is not None else []
        return max(0, seated - sum(not is_operator(each.principal) for each in here if each.principal))

    # What is about users

    def user_connected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer`; presence is about channels."""

    def user_disconnected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer`; presence is about channels."""


def _enter(roster: dict[str, _Entry], user_id: UserId, connection_id: ConnectionId, joined_at: int) -> _Entry | None:
    """Take a connection in; the member that has come by it, None where it was there before."""
    key = member_key(user_id, connection_id)
    entry = roster.get(key)
    if entry is not None:
        entry.connection_ids[connection_id] = None
        return None
    entry = roster[key] = _Entry(user_id, joined_at)
    entry.connection_ids[connection_id] = None
    return entry


def _leave(roster: dict[str, _Entry], user_id: UserId, connection_id: ConnectionId) -> Member | None:
    """Take a connection out; the member that has gone with it, None where it is there still or was none."""
    key = member_key(user_id, connection_id)
    entry = roster.get(key)
    if entry is None or connection_id not in entry.connection_ids:
        return None
    last = entry.view()
    del entry.connection_ids[connection_id]
    if entry.connection_ids:
        return None
    del roster[key]
    return last
