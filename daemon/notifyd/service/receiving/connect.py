"""From a new link to an authenticated connection, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.errors import Denied, Draining, Exhausted, NotAuthenticated
from notifyd.hub.connection import Connection, Link
from notifyd.model.disconnect import CLIENT_REMOVED, CREDENTIAL_ENDED, DEAD_LINK, SECRET_ENDED
from notifyd.policy.access.scopes import matches
from notifyd.policy.naming.ids import new_connection_id
from notifyd.service.access.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.hub import Hub
    from notifyd.hub.sweeper import Sweeper
    from notifyd.model.ids import ClientId, ConnectionId
    from notifyd.model.key import ApiKey
    from notifyd.model.principal import Principal
    from notifyd.service.access.keyring import KeyRing
    from notifyd.service.access.tokens import Tokens
    from notifyd.telemetry.metrics import Counters


log = structlog.get_logger("notifyd.connections")


class TooManyConnections(Exhausted):
    """The key or the user has as many connections as it may have."""

    code = "too_many_connections"


class ConnectRules(msgspec.Struct, frozen=True):
    """The settings of connections."""

    max_connections_per_key: int
    max_connections_per_user: int


class Connector:
    """Lets connections in, up to the bounds."""

    def __init__(
        self,
        hub: Hub,
        ring: KeyRing,
        tokens: Tokens,
        sweeper: Sweeper,
        counters: Counters,
        rules: ConnectRules,
    ) -> None:
        self._hub = hub
        self._ring = ring
        self._tokens = tokens
        self._sweeper = sweeper
        #: Where whoever checks a credential notes that it was refused.
        self.refusals = Refusals(counters)
        self.rules = rules
        #: Once true, nobody new is let in.
        self.draining = False

    def check_open(self) -> None:
        """Pass while new links are let in.

        Raises:
            Draining: the daemon is going down.
        """
        if self.draining:
            raise Draining("the daemon is shutting down: reconnect", retry_after_seconds=2)

    def admit(self, link: Link, connection_id: ConnectionId | None = None) -> Connection:
        """Register a new link; its authentication deadline and heartbeats run from now on.

        With *connection_id* it takes up that of a connection that it continues, which is ended if it is still there.

        Raises:
            Draining: the daemon is going down.
        """
        self.check_open()
        now = trio.current_time()
        before = self._hub.connection(connection_id) if connection_id else None
        if before is not None:
            before.end(DEAD_LINK)
            self.leave(before)
        connection = Connection(connection_id or new_connection_id(), link, opened_at=now, connected_at=now_ms())
        self._hub.add(connection)
        self._sweeper.welcome(connection, now)
        return connection

    def principal(self, api_key: str, address: str, transport: str = "") -> Principal:
        """Who *api_key* stands for, which came from *address* over *transport*.

        Raises:
            NotAuthenticated, Denied: the key is not good, here and now.
        """
        try:
            return self._ring.authenticate(api_key, address=address, now=now_ms())
        except (NotAuthenticated, Denied) as exc:
            self.refusals.note(exc, address=address, transport=transport)
            raise

    def token_principal(
        self, token: str, client_id: ClientId | None = None, *, address: str = "", transport: str = ""
    ) -> Principal:
        """The user whose *token* this is, of *client_id* or of the client that the token names.

        Raises:
            NotAuthenticated: the token is not good, or not any more; the code and the message say why.
        """
        try:
            return self._tokens.verify(token, client_id)
        except NotAuthenticated as exc:
            self.refusals.note(exc, address=address, transport=transport, client_id=client_id or "")
            raise

    def enter(self, connection: Connection, principal: Principal, *, join: bool = True) -> list[str]:
        """Make it a connection of a principal that was verified already, and is still good.

        One that was in before keeps of its subscriptions what *principal* may subscribe to; answers the others.
        Without *join* broadcasts do not reach it before `join`, for who has to be served from the history first.

        Raises:
            NotAuthenticated: what it came by has ended since it was verified.
            TooManyConnections: the key or the user has as many connections as it may have.
            Conflict: it is another client's connection already, or another user's.
        """
        ends_at = self._still_good(principal, connection.link)
        before = connection.principal
        if before is None or (before.key_id, before.user_id) != (principal.key_id, principal.user_id):
            self._check_room(principal)
        self._hub.authenticate(connection, principal)
        if join:
            self._hub.join(connection)
        if before is None:
            _tell("connection_entered", connection, principal)
        # Nothing is left of an earlier credential: after a rotation this is how a connection takes up the new key.
        self._end_at(connection, ends_at)
        return self._drop_what_is_not_granted(connection, principal)

    def _still_good(self, principal: Principal, link: Link) -> int | None:
        """Until when what it came by is good. Who is not in the hub yet is not told of a revocation or a rotation."""
        if principal.key_digest:
            ends_at = self._ring.ends_at(principal.key_id, principal.key_digest)
            what, gone, expired = "API key", "invalid_api_key", "api_key_expired"
        elif principal.secret_digest:
            ends_at = self._tokens.ends_at(principal)
            what, gone, expired = "token", "token_bad_signature", "token_expired"
        else:
            return principal.expires_at
        if ends_at is not None and ends_at <= now_ms():
            problem = NotAuthenticated(
                f"the {what} is not good any more: get a new one", code=expired if ends_at else gone
            )
            self.refusals.note(problem, address=link.address, transport=link.transport, client_id=principal.client_id)
            raise problem
        return ends_at

    def join(self, connection: Connection, *, offset: int) -> None:
        """Let broadcasts reach it from *offset* of the client's own stream on, up to which the history served it."""
        self._hub.join(connection, offset=offset)

    def _check_room(self, principal: Principal) -> None:
        if principal.key_id:
            who, most = "this key", self.rules.max_connections_per_key
            count = self._hub.key_connection_count(principal.key_id)
        elif principal.user_id:
            who, most = "this user", self.rules.max_connections_per_user
            count = self._hub.user_connection_count(principal.client_id, principal.user_id)
        else:
            return
        if count >= most:
            raise TooManyConnections(f"{who} has {most} connections already: close some first")

    def _drop_what_is_not_granted(self, connection: Connection, principal: Principal) -> list[str]:
        granted = principal.grants.subscribe
        lost = sorted(channel for channel in connection.subscriptions or () if not matches(granted, channel))
        for channel in lost:
            self._hub.unsubscribe(connection, channel)
        return lost

    def leave(self, connection: Connection) -> None:
        """The link is gone."""
        if self._hub.connection(connection.id) is connection and connection.principal is not None:
            _tell("connection_left", connection, connection.principal)
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

    def end_client(self, client_id: ClientId) -> None:
        """A client was removed: end every connection of it."""
        for connection in self._hub.of_client(client_id):
            connection.end(CLIENT_REMOVED)

    def end_secrets(self, client_id: ClientId, ends_at: Callable[[str], int | None]) -> None:
        """A client's secret was rotated: end who came by a token of an older one, now or in time.

        *ends_at* answers until when (milliseconds) the secret of a digest is good, None for the one in force.
        """
        for connection in self._hub.of_client(client_id):
            principal = connection.principal
            if principal is None or not principal.secret_digest:
                continue
            until = ends_at(principal.secret_digest)
            if until is not None and until <= now_ms():
                connection.end(SECRET_ENDED)
            else:
                self._end_at(connection, min(filter(None, (until, principal.expires_at)), default=None))

    def _end_at(self, connection: Connection, ends_at: int | None) -> None:
        connection.expires_at = None
        if ends_at is not None:
            now = trio.current_time()
            connection.expires_at = now + (ends_at - now_ms()) / 1000
            self._sweeper.watch(connection, now)


def _tell(event: str, connection: Connection, principal: Principal) -> None:
    link = connection.link
    log.debug(
        event,
        connection_id=connection.id,
        client_id=principal.client_id,
        key_id=principal.key_id,
        user_id=principal.user_id,
        transport=link.transport,
        address=link.address,
    )
