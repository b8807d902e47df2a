"""What a broker engine promises about what comes after the dispatch: receipts, dead letters, durable subscriptions.

As in `store.ports`, one contract suite runs against each engine, and instants are milliseconds given by the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from notifyd.model.dead_letter import Stage
from notifyd.model.ids import ClientId, NotificationId, UserId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import DeadLetterId
    from notifyd.model.notification import Notification
    from notifyd.model.receipt import Receipt
    from notifyd.model.timeline import TimelineEvent
    from notifyd.store.ports import Attendance, Pending


class Written(Protocol):
    """A change on its way to disk; in force in memory already."""

    def done(self) -> bool:
        """Whether `wait` would answer without waiting."""
        ...

    async def wait(self) -> None:
        """Wait until it survives a killed process.

        Raises:
            StoreUnavailable: not yet. It stays in force in memory, and is written with the next transaction.
        """
        ...


class ReceiptStore(Protocol):
    """What became of notifications, bounded in age and number."""

    async def find(self, client_id: ClientId | None, notification_id: NotificationId) -> Receipt | None:
        """The receipt with its timeline, or None when it is unknown, forgotten or another client's (None: any)."""
        ...

    def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
        """Add to the timeline, and *acked* to the acks; kept in time (a second), dropped where there is no receipt.

        Beyond the bound of one notification only the ack is counted. What the receipt tells itself is never noted.
        """
        ...

    async def changed(self, notification_id: NotificationId) -> None:
        """Return when something about it may have changed since the call, or for nothing. The caller sets a deadline.

        Dispatch, settling, `note`, and what becomes of it in inboxes count as changes.
        """
        ...

    def usage(self) -> tuple[int, int]:
        """Receipts and events of timelines that are kept; what is archived as it was at a look not long ago."""
        ...


class DeadLetterQuery(msgspec.Struct, frozen=True):
    """Which dead letters; an empty field stands for all."""

    client_id: ClientId | None = None
    stage: Stage | None = None
    reason: str = ""
    #: The channel, or the name of the webhook.
    channel: str = ""
    user_id: UserId = UserId("")
    notification_id: NotificationId = NotificationId("")
    #: Those that died from then on, and before then.
    since: int | None = None
    until: int | None = None


class DeadLetterStore(Protocol):
    """What was given up, bounded in number, bytes and age; beyond a bound the oldest go and are counted.

    Guarantees: what died in `QueueStore.settle` is in here in the same transaction as its end; `requeue` takes letters
    out in the transaction that takes the notifications in. Where the engine is away the reads raise StoreUnavailable.
    """

    def add(self, letters: Sequence[DeadLetter], *, now: int) -> Written:
        """Keep *letters*, in force at once. One with the id of another replaces it."""
        ...

    async def find(self, client_id: ClientId | None, letter_id: DeadLetterId) -> DeadLetter | None:
        """The letter with this id; None: unknown, gone or another client's (None: any client will do)."""
        ...

    async def letters(
        self, query: DeadLetterQuery, *, limit: int, after: DeadLetterId | None = None, oldest_first: bool = False
    ) -> list[DeadLetter]:
        """Up to *limit* letters, the newest first, those behind *after* in that order (none where it is gone)."""
        ...

    async def count(self, query: DeadLetterQuery) -> int:
        """How many fit. Looks at all: not for hot paths."""
        ...

    async def remove(self, letter_ids: Sequence[DeadLetterId]) -> list[DeadLetterId]:
        """Drop these; answers those that were there.

        Raises:
            StoreUnavailable: it was not recorded; all are still there.
        """
        ...

    def requeue(
        self, letters: Sequence[DeadLetter], notifications: Sequence[Notification], *, now: int
    ) -> Sequence[Pending]:
        """Take *letters* out and *notifications* in, as `QueueStore.enqueue` does, in one transaction.

        A notification may have the id of one that was settled before: its receipt begins anew then, and its timeline
        goes on. Until `result` tells that it is kept, the letters are neither listed nor found; they are back where it
        fails.

        Raises, or `Pending.result` does:
            QueueFull, Conflict: nothing was changed.
            StoreUnavailable: the store is closed, or the engine is away.
        """
        ...

    async def trim(self, *, now: int) -> int:
        """Let go of what is over age; answers how many went."""
        ...

    def usage(self) -> tuple[int, int]:
        """Letters and bytes."""
        ...


class DurableStore(Protocol):
    """How far durable subscriptions are; `find` and `put` are answered from memory.

    Where several nodes share the engine, what one of them settles counts for all: a `put` adds to what is known, takes
    back what was reopened since the last `put` of this node, and never forgets what another node has settled.
    """

    #: Told of a state that another node has changed, when it is known here; None: nobody wants to know.
    changed: Callable[[DurableState], None] | None

    def attend(self, key: DurableKey) -> Attendance | None:
        """Have the state at hand, for half a minute at least and while it is used; None where it is already."""
        ...

    def find(self, key: DurableKey) -> DurableState | None:
        """What is known of it; None for one that was never used, or was forgotten."""
        ...

    def put(self, state: DurableState, *, now: int) -> Written:
        """Remember *state*, in force at once; several of one key in a transaction are written once.

        `used_at` does not go back from one put to the next.

        Raises:
            Exhausted: this is a new one, and there are as many as there may be, or its user has as many.
        """
        ...

    async def remove(self, key: DurableKey) -> bool:
        """Forget it, in force at once; False when there was none.

        Raises:
            StoreUnavailable: it was not recorded yet; the next transaction does that.
        """
        ...

    async def states(
        self, client_id: ClientId | None = None, *, channel: str = "", limit: int = 1000
    ) -> list[DurableState]:
        """What is known, by client, channel, owner and name.

        Raises:
            StoreUnavailable: the engine is away.
        """
        ...

    async def trim(self, *, now: int) -> int:
        """Forget those that nobody used for too long; answers how many went."""
        ...

    def usage(self) -> int:
        """How many there are."""
        ...
