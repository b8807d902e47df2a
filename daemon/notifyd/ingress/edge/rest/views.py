"""Records as callers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from notifyd.clock import iso_ms
from notifyd.wire.rest.bodies import (
    AckUsage,
    ChannelCountView,
    DeadLetterUsage,
    HistoryUsage,
    InboxUsage,
    KeyView,
    Position,
    QueueView,
    ReceiptUsage,
    StatsView,
)
from notifyd.wire.rest.receipt_bodies import ReceiptView, TimelineEventView, UserReceiptView

if TYPE_CHECKING:
    from notifyd.model.key import ApiKey
    from notifyd.model.receipt import Receipt, UserReceipt
    from notifyd.model.timeline import TimelineEvent
    from notifyd.service.stats import StatsSnapshot
    from notifyd.store.ports import QueueStats


def key_view(record: ApiKey, *, now: int) -> KeyView:
    """An API key at *now* (milliseconds)."""
    return KeyView(
        id=record.id,
        client_id=record.client_id,
        client_name=record.name,
        scopes=list(record.scopes),
        allowed_cidrs=list(record.allowed_cidrs),
        status=record.status(now),
        created_at=iso_ms(record.created_at),
        expires_at=_instant(record.expires_at),
        revoked_at=_instant(record.revoked_at),
        last_used_at=_instant(record.last_used_at),
        previous_until=_instant(record.overlaps_until(now)),
    )


def receipt_view(receipt: Receipt) -> ReceiptView:
    """What became of a notification."""
    position = receipt.position
    return ReceiptView(
        id=receipt.id,
        client_id=receipt.client_id,
        kind=receipt.kind.value,
        channel=receipt.channel or None,
        priority=receipt.priority,
        state=receipt.state.value,
        accepted_at=iso_ms(receipt.accepted_at),
        due_at=iso_ms(receipt.due_at),
        expires_at=iso_ms(receipt.expires_at),
        settled_at=_instant(receipt.settled_at or None),
        attempts=receipt.attempts,
        delivered=receipt.delivered,
        acked=receipt.acked + receipt.arrived,
        stored=receipt.stored,
        pushed=receipt.pushed,
        failed=receipt.failed,
        position=None if position is None else Position(position.epoch, position.offset),
        reason=receipt.reason or None,
        users=[_user_receipt_view(row) for row in receipt.users],
        timeline=[timeline_view(event) for event in receipt.timeline],
        request_id=receipt.request_id or None,
    )


def timeline_view(event: TimelineEvent) -> TimelineEventView:
    """One thing that happened."""
    return TimelineEventView(
        at=iso_ms(event.at),
        event=event.happening.value,
        user_id=event.user_id,
        receiver=event.receiver,
        attempt=event.attempt,
        detail=event.detail,
    )


def _user_receipt_view(row: UserReceipt) -> UserReceiptView:
    return UserReceiptView(
        row.user_id, row.state.value, row.offset, row.connections, row.pushed, row.failed, row.reason or None
    )


def queue_view(stats: QueueStats) -> QueueView:
    """The queue."""
    return QueueView(
        waiting=stats.waiting,
        ready=stats.ready,
        scheduled=stats.scheduled,
        leased=stats.leased,
        waiting_bytes=stats.waiting_bytes,
        max_size=stats.max_size,
        max_bytes=stats.max_bytes,
        paused=stats.paused,
        by_priority={str(priority): count for priority, count in stats.by_priority.items()},
        oldest_accepted_at=_instant(stats.oldest_accepted_at),
    )


def stats_view(snapshot: StatsSnapshot) -> StatsView:
    """The figures of the service."""
    return StatsView(
        timestamp=iso_ms(snapshot.at),
        uptime_seconds=round(snapshot.uptime_seconds, 3),
        counters={_camel(name): count for name, count in snapshot.counters.items()},
        connections=snapshot.connections,
        connections_by_transport=snapshot.connections_by_transport,
        channels=snapshot.channels,
        subscriptions=snapshot.subscriptions,
        queue=queue_view(snapshot.queue),
        history=HistoryUsage(snapshot.history_channels, snapshot.history_publications, snapshot.history_bytes),
        inboxes=InboxUsage(snapshot.inbox_users, snapshot.inbox_notifications, snapshot.inbox_bytes),
        dead_letters=DeadLetterUsage(snapshot.dead_letters, snapshot.dead_letter_bytes),
        acks=AckUsage(snapshot.durable_subscriptions, snapshot.unacked),
        receipts=ReceiptUsage(snapshot.receipts, snapshot.timeline_events),
        log_entries=snapshot.log_entries,
        outbox_bytes=snapshot.outbox_bytes,
        resident_bytes=snapshot.resident_bytes,
        cpu_seconds=round(snapshot.cpu_seconds, 3),
        open_files=snapshot.open_files,
        memory_limit_bytes=snapshot.memory_limit_bytes,
        open_files_limit=snapshot.open_files_limit,
        processors=round(snapshot.processors, 2),
        top_channels=[ChannelCountView(**asdict(count)) for count in snapshot.top_channels],
        busiest_channels=[ChannelCountView(**asdict(count)) for count in snapshot.busiest_channels],
        nodes=snapshot.nodes,
        missing_nodes=snapshot.missing_nodes,
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _instant(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else iso_ms(milliseconds)
