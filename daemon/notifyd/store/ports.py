"""What every broker engine promises. One contract suite (tests/contract) runs against each engine.

Instants are whole milliseconds since the Unix epoch and are given by the caller, so that tests own the time.

An engine may be on another machine. What answers without waiting does so from this node's memory: of a stream once it
was attended (`HistoryStore.attend`), figures as they were at the last look, see `Broker.refresh`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

import msgspec

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Notification, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.errors import NotifydError
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import Receipt
    from notifyd.model.restarted import Restarted
    from notifyd.store.delivery_ports import DeadLetterStore, DurableStore, ReceiptStore
    from notifyd.store.history_ports import HistoryStore
    from notifyd.store.inbox_ports import InboxStore
    from notifyd.store.options import BrokerLimits


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A producer's promise that two requests are one: the same credential and key mean the same notification."""

    credential: str
    key: str
    #: Digest of the request, so that another request under the same key is noticed.
    fingerprint: str
    expires_at: int


class Accepted(msgspec.Struct, frozen=True):
    """The answer to an enqueue."""

    id: NotificationId
    #: True when the idempotency key was known and *id* is that of the first request.
    duplicate: bool = False


class Pending(Protocol):
    """An enqueue on its way to disk."""

    def done(self) -> bool:
        """Whether `result` would answer without waiting."""
        ...

    async def result(self) -> Accepted:
        """Wait until it is as durable as the engine promises.

        Raises:
            StoreUnavailable: it could not be kept; nothing was accepted, as far as is known here.
            QueueFull, Conflict, IdempotencyMismatch: as `QueueStore.enqueue`, where the engine is not in this process.
        """
        ...


class Attendance(Protocol):
    """A stream that this node begins to follow."""

    async def wait(self) -> None:
        """Return when it can be read without waiting; from then on it stays so while somebody is live on it.

        Where nobody is, for half a minute at least.

        Raises:
            StoreUnavailable: the engine is away.
        """
        ...


class Lease(msgspec.Struct, frozen=True, gc=False):
    """One notification held by one dispatcher for a while."""

    notification: Notification
    #: Tries that failed before this one.
    attempts: int
    #: Proof of holding it: a settle with a token from an older lease is refused.
    token: int
    #: The part of the queue that it is from, and how often that has changed hands; an engine's own affair.
    shard: int = 0
    fence: int = 0
    #: The notification as the engine keeps it, where that is at hand.
    stored: bytes = b""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How one dispatch ended."""

    lease: Lease
    #: DISPATCHED, EXPIRED or DEAD.
    state: State
    delivered: int = 0
    #: Why it is DEAD, as a word, and as a sentence that tells how the last try failed.
    reason: str = ""
    error: str = ""
    #: Of a notification to users: connections that took it, by user; who is not in here had none.
    by_user: dict[UserId, int] | None = None


class Lane(enum.Enum):
    """Queues within the queue: each has its own consumer, so that neither waits for the other."""

    #: What goes to live connections, inboxes and histories.
    LIVE = "live"
    #: What goes to the push provider: notifications of the kind PUSH.
    PUSH = "push"
    #: What goes to webhooks: notifications of the kind WEBHOOK.
    WEBHOOK = "webhook"


class QueueStats(msgspec.Struct, frozen=True):
    """The queue at this moment."""

    waiting: int
    ready: int
    scheduled: int
    leased: int
    waiting_bytes: int
    max_size: int
    max_bytes: int
    paused: bool
    by_priority: dict[int, int]
    oldest_accepted_at: int | None


class QueueStore(Protocol):
    """Durable priority queue of notifications.

    Guarantees: a notification is held by at most one lease; a crash gives it back; `lease` hands out the smallest
    order key first and equal keys in the order of acceptance; what `enqueue` accepted is kept until it is settled.
    """

    def enqueue(
        self, notifications: Sequence[Notification], *, now: int, idempotency: IdempotencyKey | None = None
    ) -> Sequence[Pending]:
        """Take *notifications* in, all or none, and answer one `Pending` each without waiting.

        An idempotency key goes with exactly one notification. Ids are the caller's to make, and no two are the same.

        Raises:
            QueueFull: they do not fit; none was taken.
            IdempotencyMismatch: the key was used for another request.
            Conflict: one with the same id waits already.
            StoreUnavailable: the store is closed.
        """
        ...

    def check_room(self, number: int) -> None:
        """Pass where *number* more may fit, as far as is known here: who has many asks before making them.

        Raises:
            QueueFull: `enqueue` would refuse them.
        """
        ...

    def recall(self, idempotency: IdempotencyKey, otherwise: NotifydError, *, now: int) -> Pending:
        """What the first request under this key is answered; *otherwise* is raised where there was none.

        Raises here, or from `Pending.result`:
            IdempotencyMismatch: the key was used for another request.
        """
        ...

    async def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane = Lane.LIVE) -> list[Lease]:
        """Take up to *limit* due notifications of *lane*, most urgent first, and hide them from other leases.

        Includes expired ones: the caller settles them as EXPIRED. Empty while the queue is paused, and where other
        nodes see to what there is.

        Raises:
            StoreUnavailable: the engine is away; nothing was leased.
        """
        ...

    def next_due_at(self, *, now: int, lane: Lane = Lane.LIVE) -> int | None:
        """When `lease` will have something (<= *now*: at once), or None when only an enqueue helps.

        As it was after the last `lease` of that lane, where the engine is not in this process.
        """
        ...

    async def wait_for_work(self, lane: Lane = Lane.LIVE) -> None:
        """Return when something of *lane* was enqueued, released or resumed since the last call, or for nothing."""
        ...

    async def settle(self, outcomes: Sequence[Outcome], *, now: int) -> None:
        """Record how leased notifications ended and let go of them. Refused silently where the lease was lost.

        What is DEAD becomes a dead letter in the same transaction.
        """
        ...

    def release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        """Give leased notifications back, to be leased again from *due_at* on; counts an attempt."""
        ...

    async def cancel(self, client_id: ClientId | None, notification_id: NotificationId, *, now: int) -> Receipt | None:
        """Withdraw one that waits. None: unknown, or of another client (None: any client will do).

        Raises:
            Conflict: it is being dispatched or already settled.
        """
        ...

    async def clear(self, client_id: ClientId | None, *, now: int) -> int:
        """Remove all that wait (of one client, or of all) and answer how many; what is leased stays."""
        ...

    async def pause(self) -> None:
        """Stop handing out leases, on every node; enqueueing goes on. Survives a restart.

        Raises:
            StoreUnavailable: it was not recorded.
        """
        ...

    async def resume(self) -> None:
        """Hand out leases again; raises as `pause`."""
        ...

    def stats(self, *, now: int) -> QueueStats:
        """Count what waits."""
        ...

    async def waiting(
        self, *, limit: int, client_id: ClientId | None = None, lane: Lane | None = None
    ) -> list[Receipt]:
        """The next *limit* notifications in the order in which they would be leased, scheduled ones last."""
        ...

    def size(self, lane: Lane) -> int:
        """How many of *lane* are in the queue, leased ones included."""
        ...

    def idempotency_keys(self) -> int:
        """How many idempotency keys are remembered."""
        ...


class News(Protocol):
    """What this node's attended streams get, of an engine that several nodes share."""

    async def take(self) -> list[Publication | Restarted]:
        """Wait for something, and take all there is, each stream in its order. What is taken can be read already."""
        ...

    def waiting(self) -> bool:
        """Whether there is something to take."""
        ...

    def audience(self, publications: Sequence[Publication]) -> list[int]:
        """How many connections of all nodes were there for each, as `append` found when it stamped them."""
        ...

    def present(self, client_id: ClientId, channel: str, user_id: UserId, connections: int) -> None:
        """So many connections of this node are live on the stream, or on the inbox of a user; told to other nodes.

        Of a stream without any the memory may be let go after a while.
        """
        ...


class Broker(Protocol):
    """Everything of one broker engine, opened by store.open and run as one."""

    @property
    def news(self) -> News | None:
        """What nodes that share the engine tell each other; None where it is this node's alone."""
        ...

    @property
    def queue(self) -> QueueStore:
        """What waits."""
        ...

    @property
    def history(self) -> HistoryStore:
        """What was stamped."""
        ...

    @property
    def inbox(self) -> InboxStore:
        """What is kept for users."""
        ...

    @property
    def receipts(self) -> ReceiptStore:
        """What became of it."""
        ...

    @property
    def dead_letters(self) -> DeadLetterStore:
        """What was given up."""
        ...

    @property
    def durables(self) -> DurableStore:
        """How far durable subscriptions are."""
        ...

    @property
    def durability(self) -> str:
        """fsync, os, memory or redis: what "accepted" promises."""
        ...

    async def run(self) -> None:
        """Serve commits and upkeep until cancelled; run it in a nursery before anything is enqueued.

        On cancellation what was handed in is committed first (under a deadline), and the store is closed cleanly.
        """
        ...

    def configure(self, limits: BrokerLimits) -> None:
        """Use other bounds from now on. What is over a tighter bound of the queue stays until it is dispatched."""
        ...

    async def refresh(self) -> None:
        """Have all figures (`stats`, `size`, `usage`) as they are now; they are a second old at most without it.

        Returns all the same where the engine is away.
        """
        ...

    def failing_since(self) -> float | None:
        """Monotonic seconds since when commits fail, or None while all is well."""
        ...
