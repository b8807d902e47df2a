"""Subscriptions, and the hand-over from history to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.clock import now_ms
from notifyd.errors import Exhausted, NotAuthenticated
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.policy.access.scopes import check_subscribe
from notifyd.policy.naming.channels import check_channel
from notifyd.service.receiving.attending import at_hand

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.model.principal import Principal
    from notifyd.store.history_ports import HistoryStore
    from notifyd.telemetry.metrics import Counters


class Subscription(msgspec.Struct, frozen=True):
    """The answer to a subscribe: where the channel stands, and what is to be replayed before anything live."""

    position: StreamPosition
    #: None where no position was given.
    recovered: bool | None = None
    replay: list[Publication] = []
    #: Left out of the replay because they expired meanwhile or were given up.
    skipped: int = 0


class SubscribeRules(msgspec.Struct, frozen=True):
    """The settings of subscriptions."""

    max_subscriptions: int
    max_channel_length: int


class Subscriber:
    """Subscribes connections. Both steps of the hand-over are synchronous, so that nothing can come between them.

    A publication is in the history before the hub sees it. A subscriber is served up to the position that it is told
    by the replay, and from there on by the hub.
    """

    def __init__(self, hub: Hub, history: HistoryStore, rules: SubscribeRules, counters: Counters) -> None:
        self._hub = hub
        self._history = history
        self.rules = rules
        self._counters = counters

    def allow(self, principal: Principal, channel: str) -> None:
        """Pass where the credential may subscribe to *channel*; raises as `look`."""
        check_channel(channel, max_length=self.rules.max_channel_length)
        check_subscribe(principal.grants, channel)

    def look(self, principal: Principal, channel: str, since: StreamPosition | None) -> Subscription:
        """What a subscribe would answer now, without subscribing.

        Raises:
            Invalid: *channel* cannot name a channel.
            Denied: the credential may not subscribe to it.
        """
        self.allow(principal, channel)
        if since is None:
            return Subscription(self._history.position(principal.client_id, channel))
        history = self._history.since(principal.client_id, channel, since, now=now_ms())
        return Subscription(history.position, history.recovered, history.publications, history.skipped)

    async def attend(self, connection: Connection, channel: str) -> None:
        """Have *channel* at hand for a connection that may subscribe to it.

        Raises:
            StoreUnavailable: the broker is away.
        """
        if connection.principal is not None:
            await at_hand(self._history.attend(connection.principal.client_id, channel))

    def check(self, connection: Connection, channel: str, since: StreamPosition | None = None) -> Subscription:
        """What a subscribe answers at this moment; `go_live` must follow before the caller awaits.

        Raises:
            NotAuthenticated: it has to authenticate first.
            Invalid, Denied: see `look`.
            Exhausted: it has as many subscriptions as one connection may have.
        """
        principal = connection.principal
        if principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        self._check_room(connection, channel)
        return self.look(principal, channel, since)

    def _check_room(self, connection: Connection, channel: str) -> None:
        held = connection.subscriptions or ()
        if channel not in held and len(held) >= self.rules.max_subscriptions:
            raise Exhausted(
                f"this connection has {self.rules.max_subscriptions} subscriptions already: unsubscribe first",
                code="too_many_subscriptions",
            )

    def go_live(self, connection: Connection, channel: str, position: StreamPosition) -> None:
        """Deliver from now on what comes after *position*, which has to be the newest one."""
        self._hub.subscribe(connection, channel, offset=position.offset)

    def end_slow(self, connection: Connection) -> None:
        """It does not read what it is sent: close it, so that it comes back and resumes."""
        self._hub.slow.cut(connection)

    def count_replayed(self, count: int) -> None:
        """*count* publications were written from the history."""
        self._counters.replayed += count

    def unsubscribe(self, connection: Connection, channel: str) -> bool:
        """Stop a channel; False when it was not subscribed.

        Raises:
            NotAuthenticated: it has to authenticate first.
        """
        if connection.principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        return self._hub.unsubscribe(connection, channel)
