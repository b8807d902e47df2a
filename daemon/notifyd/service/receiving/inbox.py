"""The inbox of a user on one connection: from the cursor or a position to live, and the proof that things arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.errors import Denied, NotAuthenticated, NotFound
from notifyd.model.ids import NotificationId
from notifyd.model.position import StreamPosition
from notifyd.service.receiving.attending import at_hand
from notifyd.service.receiving.subscribe import Subscription

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.model.ids import ClientId, UserId
    from notifyd.model.principal import Principal
    from notifyd.store.history_ports import History
    from notifyd.store.inbox_ports import InboxInfo, InboxStore
    from notifyd.telemetry.metrics import Counters


class Inboxes:
    """Serves inboxes. As with `Subscriber`, both steps of the hand-over are synchronous."""

    def __init__(self, hub: Hub, store: InboxStore, counters: Counters) -> None:
        self._hub = hub
        self._store = store
        self._counters = counters

    def look(self, client_id: ClientId, user_id: UserId, since: StreamPosition | None = None) -> Subscription:
        """What a connection of the user would be answered now: after *since*, or after the cursor."""
        history = self._store.since(client_id, user_id, since, now=now_ms())
        recovered = None if since is None else history.recovered
        return Subscription(history.position, recovered, history.publications, history.skipped)

    def check(self, connection: Connection, since: StreamPosition | None = None) -> Subscription:
        """What its user's inbox holds for it at this moment; `go_live` must follow before the caller awaits.

        Raises:
            NotAuthenticated: it has to authenticate first.
            Denied: it did so with something else than a user's token.
        """
        principal = connection.principal
        if principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        found = self.look(principal.client_id, user_of(principal), since)
        if since is not None and found.recovered:
            self.advance(principal, since)  # who knows a position has what came before it
        return found

    def go_live(self, connection: Connection, position: StreamPosition) -> None:
        """Deliver from now on what comes after *position*, which has to be the newest one."""
        self._hub.receive_inbox(connection, epoch=position.epoch, offset=position.offset)

    def wrote(self, connection: Connection, position: StreamPosition) -> None:
        """A replay wrote everything up to *position*: have the peer prove that it arrives. Call it after `go_live`."""
        if connection.inbox is not None:
            connection.inbox.wrote(position.epoch, position.offset, connection.link)

    def proven(self, connection: Connection, mark: int) -> None:
        """The answer to `Link.ping(mark)` came: what was written before that ping has arrived."""
        watch = connection.inbox
        if watch is None or not watch.proven < mark <= watch.asked:
            return
        watch.proven = mark
        self._advance(connection, StreamPosition(watch.epoch, mark))
        if watch.sent > mark:
            watch.wrote(watch.epoch, watch.sent, connection.link)

    def ack(self, connection: Connection, notification_id: str) -> int:
        """The peer says that it has this one, and so everything before it; answers how many that are new.

        Raises:
            NotAuthenticated, Denied: see `check`.
            NotFound: the user's inbox does not hold it (any more).
        """
        principal = connection.principal
        if principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        user_id = user_of(principal)
        position = self._store.find(principal.client_id, user_id, NotificationId(notification_id))
        if position is None:
            raise NotFound("the inbox does not hold this notification", code="notification_not_found")
        return self.advance(principal, position)

    def advance(self, principal: Principal, position: StreamPosition) -> int:
        """All up to *position* has arrived; answers how many that are new.

        Raises:
            Denied: it is no user's credential.
        """
        count = self._store.advance(principal.client_id, user_of(principal), position, now=now_ms())
        self._counters.inbox_arrived += count
        return count

    async def attend(self, client_id: ClientId, user_id: UserId) -> None:
        """Have the inbox of a user at hand.

        Raises:
            StoreUnavailable: the broker is away.
        """
        await at_hand(self._store.attend(client_id, user_id))

    async def arrived(self, client_id: ClientId, user_id: UserId, notification_id: NotificationId) -> bool:
        """Whether the user's inbox holds it, and it is proven to have arrived; raises as `attend`."""
        await self.attend(client_id, user_id)
        position, info = self._store.find(client_id, user_id, notification_id), self._store.info(client_id, user_id)
        return position is not None and info is not None and position.offset <= info.cursor

    def info(self, client_id: ClientId, user_id: UserId) -> InboxInfo | None:
        """What is kept of one user; None for one that was never seen."""
        return self._store.info(client_id, user_id)

    async def infos(self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000) -> list[InboxInfo]:
        """What is kept of each user, by user; raises as `attend`."""
        return await self._store.inboxes(client_id, prefix=prefix, limit=limit)

    def kept(self, client_id: ClientId, user_id: UserId) -> History:
        """What has not arrived yet."""
        return self._store.since(client_id, user_id, now=now_ms())

    def online(self, client_id: ClientId, user_id: UserId) -> bool:
        """Whether the user has a connection on this node, one that still catches up included."""
        return self._hub.user_connection_count(client_id, user_id) > 0

    def connection_count(self, client_id: ClientId, user_id: UserId) -> int:
        """How many connections the user has on this node."""
        return self._hub.user_connection_count(client_id, user_id)

    def _advance(self, connection: Connection, position: StreamPosition) -> None:
        if connection.principal is not None:
            self.advance(connection.principal, position)


def user_of(principal: Principal) -> UserId:
    """The user whose token it is.

    Raises:
        Denied: it is no user's credential.
    """
    if not principal.user_id:
        raise Denied("this needs a user's token", code="user_token_required")
    return principal.user_id
