"""Notifications for tests of the store, at a time that the tests own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import trio
from msgspec.structs import replace

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, ConnectionId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.policy.publishing.dead_letters import letter_of
from notifyd.policy.publishing.order import order_key
from notifyd.store.ports import Broker, IdempotencyKey, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.publication import Publication
    from notifyd.store.ports import QueueStats

#: The instant at which tests begin.
T0 = 1_800_000_000_000
HOUR = 3_600_000

_UNPLACED = (Kind.PUSH, Kind.WEBHOOK)

_numbers = itertools.count(1)


def notification(
    channel: str = "orders",
    *,
    client: ClientId = DEFAULT_CLIENT,
    kind: Kind = Kind.CHANNEL,
    priority: int = 5,
    at: int = T0,
    delay: int = 0,
    ttl: int = 24 * HOUR,
    data: bytes = b'{"n":1}',
    users: Sequence[str] = (),
    connections: Sequence[str] = (),
    parent: str = "",
) -> Notification:
    """One that was accepted at *at*, due *delay* later, and expires *ttl* after that."""
    due_at = at + delay
    return Notification(
        id=NotificationId(f"n{next(_numbers):08d}"),
        client_id=client,
        kind=kind,
        channel=channel,
        data=data,
        metadata=b"",
        priority=priority,
        accepted_at=at,
        due_at=due_at,
        expires_at=due_at + ttl,
        order_key=order_key(due_at, priority, 60_000),
        submitted_by="key-1",
        request_id="request-1",
        users=tuple(map(UserId, users)),
        connections=tuple(map(ConnectionId, connections)),
        parent=NotificationId(parent),
    )


def for_users(*users: str, **details: Any) -> Notification:
    """One for *users*."""
    return notification("", kind=Kind.USERS, users=users, **details)


def push_of(parent: Notification, user: str, **details: Any) -> Notification:
    """What carries *parent* to the devices of one user."""
    return notification("", kind=Kind.PUSH, users=[user], parent=parent.id, client=parent.client_id, **details)


def letter(died: Notification | None = None, *, at: int = T0, reason: str = "fault", **details: Any) -> DeadLetter:
    """What is left of *died*, given up at *at*."""
    made = letter_of(died or notification(), reason=reason, error="it failed", attempts=3, now=at)
    return replace(made, **details)


def idempotency(
    key: str = "k", *, credential: str = "c", fingerprint: str = "f", expires_at: int = T0 + HOUR
) -> IdempotencyKey:
    """An idempotency key that is good for an hour."""
    return IdempotencyKey(credential, key, fingerprint, expires_at)


async def attend(broker: Broker, *channels: str, client: ClientId = DEFAULT_CLIENT, users: Sequence[str] = ()) -> None:
    """Have these streams and inboxes at hand, as whoever reads them without waiting has to."""
    attended = [broker.history.attend(client, channel) for channel in channels]
    attended += [broker.inbox.attend(client, UserId(user)) for user in users]
    for attendance in attended:
        if attendance is not None:
            await attendance.wait()


async def accept(broker: Broker, *notifications: Notification, now: int = T0) -> list[NotificationId]:
    """Enqueue *notifications* and wait until all are accepted. Their streams are at hand then."""
    for each in {(n.client_id, n.stream, n.users): n for n in notifications if n.kind not in _UNPLACED}.values():
        await attend(broker, each.stream, client=each.client_id, users=each.users)
    return [(await pending.result()).id for pending in broker.queue.enqueue(notifications, now=now)]


async def dispatch(broker: Broker, *, limit: int = 1000, delivered: int = 0, now: int = T0) -> list[Publication]:
    """Lease, stamp and settle what is due, as the dispatcher does."""
    leases = await broker.queue.lease(limit=limit, lease_seconds=30, now=now)
    publications = await broker.history.append(leases, now=now)
    await broker.queue.settle([Outcome(lease, State.DISPATCHED, delivered) for lease in leases], now=now)
    return publications


async def counted(broker: Broker, *, now: int = T0) -> QueueStats:
    """The figures of the queue, as they are now."""
    await broker.refresh()
    return broker.queue.stats(now=now)


async def publish(broker: Broker, *notifications: Notification, now: int = T0) -> list[Publication]:
    """Accept and dispatch at once."""
    await accept(broker, *notifications, now=now)
    return await dispatch(broker, now=now)


def offsets(publications: Sequence[Publication]) -> list[int]:
    """The offsets of *publications*."""
    return [publication.offset for publication in publications]


async def expire(seconds: float) -> None:
    """Fails whatever nursery it runs in after *seconds*."""
    await trio.sleep(seconds)
    raise trio.TooSlowError(f"the test took longer than {seconds} seconds")
