"""What a broker engine promises about the inboxes of users. Instants are milliseconds given by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.position import StreamPosition

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.store.delivery_ports import Written
    from notifyd.store.history_ports import History
    from notifyd.store.ports import Attendance


class InboxInfo(msgspec.Struct, frozen=True):
    """What is kept for one user."""

    client_id: ClientId
    user_id: UserId
    position: StreamPosition
    #: Up to here everything is proven to have arrived.
    cursor: int
    #: Kept, and how many of them come after the cursor.
    notifications: int
    undelivered: int
    size_bytes: int
    #: Instant of the newest one, 0 for none.
    last_at: int


class InboxStore(Protocol):
    """The bounded stream of each user. `HistoryStore.append` is the one that fills it.

    Guarantees: as `HistoryStore`, per (client, user, epoch); the cursor never moves back within an epoch, and survives
    a restart up to a second. Over a bound of one user the oldest goes, EVICTED where it had not arrived. What is about
    one user is answered from memory, without waiting, and changed there at once; of a user that is not attended it
    raises StoreUnavailable.
    """

    def attend(self, client_id: ClientId, user_id: UserId) -> Attendance | None:
        """Have the inbox of a user at hand; None where it is already, and may be read at once."""
        ...

    def position(self, client_id: ClientId, user_id: UserId) -> StreamPosition:
        """The newest position; a user that was never seen has an epoch and offset 0."""
        ...

    def since(
        self,
        client_id: ClientId,
        user_id: UserId,
        position: StreamPosition | None = None,
        *,
        now: int,
        limit: int | None = None,
    ) -> History:
        """All that is kept after *position*, or after the cursor, or the first *limit* of it (see `HistoryStore`).

        Expired ones are left out and counted as skipped.

        `recovered` is False where *position* cannot be continued without a gap; what comes after the cursor is
        given then.
        """
        ...

    def advance(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, now: int) -> int:
        """All up to *position* has arrived; answers how many that are new. Another epoch, or beyond the newest: 0."""
        ...

    def give_up(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, expired: bool = False) -> bool:
        """The one at *position* is DEAD, or EXPIRED, and left out of every read.

        False where it is not kept, or was over before.

        The cursor does not move by it, and it does not arrive when the cursor passes it.
        """
        ...

    def arrived_late(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, now: int) -> bool:
        """The one at *position*, which was given up, has arrived after all; False where it was not DEAD."""
        ...

    def written(self) -> Written:
        """Every move of a cursor until now, on its way to disk: for who promises somebody that an ack is kept."""
        ...

    def find(self, client_id: ClientId, user_id: UserId, notification_id: NotificationId) -> StreamPosition | None:
        """Where in the inbox a notification is kept, or None."""
        ...

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        """Add to the receipt of `push.parent` what the push provider said for `push.users`; kept in time."""
        ...

    def info(self, client_id: ClientId, user_id: UserId) -> InboxInfo | None:
        """What is kept of one user; None for one that was never seen, or forgotten."""
        ...

    async def inboxes(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[InboxInfo]:
        """What is kept of each user, by user. Looks at every user: not for hot paths.

        Raises:
            StoreUnavailable: the engine is away.
        """
        ...

    async def forget(self, client_id: ClientId, user_id: UserId | None = None) -> int:
        """Drop what is kept for one user or for all of a client; answers how many users that were.

        Raises:
            StoreUnavailable: it was not recorded.
        """
        ...

    async def trim(self, *, now: int) -> int:
        """Let go of what is over age; answers how many went."""
        ...

    def usage(self) -> tuple[int, int, int]:
        """Users, notifications and bytes kept."""
        ...
