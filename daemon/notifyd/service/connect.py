"""From a new link to an authenticated connection, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.clock import now_ms
from notifyd.errors import Denied, Draining, Exhausted, NotAuthenticated
from notifyd.hub.connection import Connection, Link
from notifyd.model.disconnect import CREDENTIAL_ENDED
from notifyd.policy.ids import new_connection_id
from notifyd.policy.scopes import matches

if TYPE_CHECKING:
    from notifyd.hub.hub import Hub
    from notifyd.hub.sweeper import Sweeper
    from notifyd.model.key import ApiKey
    from notifyd.model.principal import Principal
    from notifyd.service.keyring import KeyRing
    from notifyd.telemetry.metrics import Counters


class TooManyConnections(Exhausted):
    """The key has as many connections as it may have."""

    code = "too_many_connections"


class Connector:
    """Lets connections in, up to the bounds."""

    def __init__(
        self, hub: Hub, ring: KeyRing, sweeper: Sweeper, counters: Counters, *, max_connections_per_key: int
    ) -> None:
        self._hub = hub
        self._ring = ring
        self._sweeper = sweeper
        self._counters = counters
        self.max_connections_per_key = max_connections_per_key
        #: Once true, nobody new is let in.
        self.draining = False

    def admit(self, link: Link) -> Connection:
        """Register a new link; its authentication deadline and heartbeats run from now on.

        Raises:
            Draining: the daemon is going down.
        """
        if self.draining:
            raise Draining("the daemon is shutting down: reconnect", retry_after_seconds=2)
        now = trio.current_time()
        connection = Connection(new_connection_id(), link, opened_at=now, connected_at=now_ms())
        self._hub.add(connection)
        self._sweeper.welcome(connection, now)
        return connection

    def authenticate(self, connection: Connection, api_key: str) -> list[str]:
        """Make it a connection of the key's client; answers the channels that this took from it, see `enter`.

        Raises:
            NotAuthenticated, Denied: the key is not good, here and now.
            TooManyConnections: the key has as many connections as it may have.
            Conflict: it is another client's connection already.
        """
        return self.enter(connection, self.principal(api_key, connection.link.address))

    def principal(self, api_key: str, address: str) -> Principal:
        """Who *api_key* stands for.

        Raises:
            NotAuthenticated, Denied: the key is not good, here and now.
        """
        try:
            return self._ring.authenticate(api_key, address=address, now=now_ms())
        except (NotAuthenticated, Denied):
            self._counters.authentication_failures += 1
            raise

    def enter(self, connection: Connection, principal: Principal) -> list[str]:
        """Make it a connection of a principal that was verified already.

        One that was in before keeps of its subscriptions what *principal* may subscribe to; answers the others.

        Raises:
            TooManyConnections, Conflict: see `authenticate`.
        """
        key_id = principal.key_id
        again = connection.principal is not None and connection.principal.key_id == key_id
        if key_id and not again and self._hub.key_connection_count(key_id) >= self.max_connections_per_key:
            raise TooManyConnections(
                f"this key has {self.max_connections_per_key} connections already: close some first"
            )
        self._hub.authenticate(connection, principal)
        # Nothing is left of an earlier credential: after a rotation this is how a connection takes up the new key.
        self._end_at(connection, principal.expires_at)
        return self._drop_what_is_not_granted(connection, principal)

    def _drop_what_is_not_granted(self, connection: Connection, principal: Principal) -> list[str]:
        granted = principal.grants.subscribe
        lost = sorted(channel for channel in connection.subscriptions or () if not matches(granted, channel))
        for channel in lost:
            self._hub.unsubscribe(connection, channel)
        return lost

    def leave(self, connection: Connection) -> None:
        """The link is gone."""
        self._hub.remove(connection)
        self._sweeper.forget(connection)

    def end_key(self, record: ApiKey) -> None:
        """A record was rotated or revoked: end each of its connections when the key that it used does."""
        now = now_ms()
        for connection in self._hub.of_key(record.id):
            ends_at = record.ends_at(connection.principal.key_digest if connection.principal else "")
            if ends_at is not None and ends_at <= now:
                connection.end(CREDENTIAL_ENDED)
            else:
                self._end_at(connection, ends_at)

    def _end_at(self, connection: Connection, ends_at: int | None) -> None:
        connection.expires_at = None
        if ends_at is not None:
            now = trio.current_time()
            connection.expires_at = now + (ends_at - now_ms()) / 1000
            self._sweeper.watch(connection, now)
