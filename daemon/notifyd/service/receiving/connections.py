"""Who is connected, and closing a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.model.disconnect import KICKED
from notifyd.model.ids import ClientId, ConnectionId, KeyId, UserId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.hub.slow import CutOff

log = structlog.get_logger("notifyd.connections")


class ConnectionView(msgspec.Struct, frozen=True):
    """One live connection, as an operator sees it."""

    id: ConnectionId
    #: Empty until it has authenticated.
    client_id: str
    key_id: str
    user_id: str
    transport: str
    address: str
    #: Milliseconds since the Unix epoch.
    connected_at: int
    channels: list[str]
    outbox_bytes: int
    sent_bytes: int
    #: Since something was heard from it.
    idle_seconds: float
    #: How much may wait in its outbox; 0 where that is not known.
    outbox_limit_bytes: int = 0
    #: Milliseconds since the Unix epoch: since when something waits there. None where nothing does, and on polling.
    behind_since: int | None = None
    #: The name of the node that has it.
    node: str = ""


class ConnectionQuery(msgspec.Struct, frozen=True):
    """Which connections; an empty field stands for all."""

    client_id: str = ""
    channel: str = ""
    key_id: str = ""
    user_id: str = ""
    #: Only those with something in their outbox, the fullest first.
    slow: bool = False
    limit: int = 1000


class Kicked(msgspec.Struct, frozen=True):
    """What a kick did."""

    kicked: list[str]
    not_found: list[str]
    #: Names of nodes that did not answer in time, whose connections may still be there.
    missing: tuple[str, ...] = ()


class Connections:
    """Lists and closes."""

    def __init__(self, hub: Hub, *, outbox_limit_bytes: int = 0, node: str = "") -> None:
        """*node* is the name of this node."""
        self._hub = hub
        self._node = node
        self._outbox_limit_bytes = outbox_limit_bytes

    def list(self, query: ConnectionQuery) -> tuple[list[ConnectionView], int]:
        """Up to `limit` of the connections that fit, the oldest first, and how many fit."""
        found = [connection for connection in self._hub.connections() if _fits(connection, query)]
        if query.slow:
            found.sort(key=lambda connection: connection.link.pending_bytes(), reverse=True)
        now = trio.current_time()
        return [self._view(connection, now) for connection in found[: query.limit]], len(found)

    def recently_cut(self, query: ConnectionQuery) -> Sequence[CutOff]:
        """Those of the client, the key and the user that were cut off lately because they did not read, latest first.

        Which channels they had is not known any more.
        """
        return [
            cut
            for cut in self._hub.slow.latest()
            if (not query.client_id or cut.client_id == query.client_id)
            and (not query.key_id or cut.key_id == query.key_id)
            and (not query.user_id or cut.user_id == query.user_id)
        ][: query.limit]

    def kick(self, ids: Iterable[str], *, reason: str = "") -> Kicked:
        """Close these connections with 4005, which tells them not to come back."""
        kicked, missing = [], []
        for identifier in ids:
            connection = self._hub.connection(ConnectionId(identifier))
            if connection is None:
                missing.append(identifier)
            else:
                kicked.append(identifier)
                connection.end(msgspec.structs.replace(KICKED, reason=reason) if reason else KICKED)
        log.info("connections_kicked", kicked=len(kicked), not_found=len(missing))
        return Kicked(kicked, missing)

    def kick_key(self, key_id: str, *, reason: str = "") -> Kicked:
        """Close every connection of a key; the key stays good."""
        return self.kick([connection.id for connection in self._hub.of_key(KeyId(key_id))], reason=reason)

    def kick_user(self, client_id: ClientId, user_id: str, *, reason: str = "") -> Kicked:
        """Close every connection of a user; its tokens stay good."""
        found = self._hub.of_user(client_id, UserId(user_id))
        return self.kick([connection.id for connection in found], reason=reason)

    def _view(self, connection: Connection, now: float) -> ConnectionView:
        principal = connection.principal
        return ConnectionView(
            id=connection.id,
            client_id=principal.client_id if principal else "",
            key_id=principal.key_id if principal else "",
            user_id=principal.user_id if principal else "",
            transport=connection.link.transport,
            address=connection.link.address,
            connected_at=connection.connected_at,
            channels=sorted(connection.subscriptions or ()),
            outbox_bytes=connection.link.pending_bytes(),
            sent_bytes=connection.link.sent_bytes(),
            idle_seconds=max(0.0, now - connection.received_at),
            outbox_limit_bytes=self._outbox_limit_bytes,
            behind_since=_instant(connection.link.behind_since(), now),
            node=self._node,
        )


def _instant(at: float | None, now: float) -> int | None:
    return None if at is None else now_ms() - round((now - at) * 1000)


def _fits(connection: Connection, query: ConnectionQuery) -> bool:
    principal = connection.principal
    channels: Sequence[str] | set[str] = connection.subscriptions or ()
    return (
        (not query.client_id or (principal is not None and principal.client_id == query.client_id))
        and (not query.key_id or (principal is not None and principal.key_id == query.key_id))
        and (not query.user_id or (principal is not None and principal.user_id == query.user_id))
        and (not query.channel or query.channel in channels)
        and (not query.slow or connection.link.pending_bytes() > 0)
    )
