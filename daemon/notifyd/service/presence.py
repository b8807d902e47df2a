"""Who is in which channel, where its rule tells it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.errors import Denied
from notifyd.hub.observer import observing
from notifyd.model.presence import Member, PresenceChange, PresenceView
from notifyd.policy.channels import MAX_CHANNEL_LENGTH, check_channel
from notifyd.policy.presence import PresenceRules, is_operator, member_key
from notifyd.policy.scopes import check_subscribe

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.channel import ChannelKey
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.model.ids import ClientId, ConnectionId, UserId
    from notifyd.model.principal import Principal


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

    def _roster_of(self, key: ChannelKey) -> dict[str, _Entry]:
        roster: dict[str, _Entry] = {}
        live = self._hub.channel(*key)
        for connection in (*live.subscribers, *live.receivers) if live is not None else ():
            _enter(roster, connection)
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
            subscriber_count=self._hub.subscriber_count(client_id, channel),
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
        key = (principal.client_id, channel)
        entry = _enter(self._rosters.setdefault(key, {}), connection)
        if entry is not None and rule.join_leave:
            self._tell(PresenceChange(*key, joined=True, member=entry.view()))

    def unsubscribed(self, connection: Connection, channel: str) -> None:
        """See `Observer.unsubscribed`."""
        principal = connection.principal
        assert principal is not None, "only authenticated connections subscribe"
        key = (principal.client_id, channel)
        roster = self._rosters.get(key)
        if roster is None:
            return
        gone = _leave(roster, connection)
        if not roster:
            del self._rosters[key]
        if gone is not None and self.rules.of(channel).join_leave:
            self._tell(PresenceChange(*key, joined=False, member=gone))

    def user_connected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer`; presence is about channels."""

    def user_disconnected(self, client_id: ClientId, user_id: UserId) -> None:
        """See `Observer`; presence is about channels."""


def _enter(roster: dict[str, _Entry], connection: Connection) -> _Entry | None:
    """Take a connection in; the member that has come by it, None where it was there before or is none."""
    principal = connection.principal
    if principal is None or is_operator(principal):
        return None
    key = member_key(principal.user_id, connection.id)
    entry = roster.get(key)
    if entry is not None:
        entry.connection_ids[connection.id] = None
        return None
    entry = roster[key] = _Entry(principal.user_id, now_ms())
    entry.connection_ids[connection.id] = None
    return entry


def _leave(roster: dict[str, _Entry], connection: Connection) -> Member | None:
    """Take a connection out; the member that has gone with it, None where it is there still or was none."""
    principal = connection.principal
    assert principal is not None, "only authenticated connections subscribe"
    key = member_key(principal.user_id, connection.id)
    entry = roster.get(key)
    if entry is None or connection.id not in entry.connection_ids:
        return None
    last = entry.view()
    del entry.connection_ids[connection.id]
    if entry.connection_ids:
        return None
    del roster[key]
    return last
