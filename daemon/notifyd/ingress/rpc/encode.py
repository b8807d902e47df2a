"""What the services answer, as protobuf messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.wire.rpc.messages import position_message, timestamp_of

if TYPE_CHECKING:
    from notifyd.hub.slow import CutOff
    from notifyd.model.node import NodeInfo
    from notifyd.service.acks import DurableView
    from notifyd.service.channels import ChannelView
    from notifyd.service.receiving.connections import ConnectionView
    from notifyd.service.stats import StatsSnapshot
    from notifyd.store.inbox_ports import InboxInfo
    from notifyd.store.ports import QueueStats


def queue_message(stats: QueueStats) -> pb.QueueStats:
    """The queue at one moment."""
    return pb.QueueStats(
        waiting=stats.waiting,
        ready=stats.ready,
        scheduled=stats.scheduled,
        leased=stats.leased,
        waiting_bytes=stats.waiting_bytes,
        max_size=stats.max_size,
        max_bytes=stats.max_bytes,
        paused=stats.paused,
        by_priority=stats.by_priority,
        oldest_accepted_at=timestamp_of(stats.oldest_accepted_at),
    )


def channel_message(view: ChannelView) -> pb.Channel:
    """One channel."""
    info = view.info
    return pb.Channel(
        client_id=info.client_id,
        channel=info.channel,
        position=position_message(info.position.epoch, info.position.offset),
        publications=info.publications,
        size_bytes=info.size_bytes,
        last_at=timestamp_of(info.last_at),
        subscriber_count=view.subscriber_count,
    )


def connection_message(view: ConnectionView) -> pb.Connection:
    """One live connection."""
    return pb.Connection(
        id=view.id,
        client_id=view.client_id,
        transport=view.transport,
        address=view.address,
        connected_at=timestamp_of(view.connected_at),
        key_id=view.key_id,
        subscription_count=len(view.channels),
        outbox_bytes=view.outbox_bytes,
        sent_bytes=view.sent_bytes,
        idle_seconds=view.idle_seconds,
        channels=view.channels,
        user_id=view.user_id,
        outbox_limit_bytes=view.outbox_limit_bytes,
        behind_since=timestamp_of(view.behind_since),
        node=view.node,
    )


def node_message(node: NodeInfo, *, here: str) -> pb.Node:
    """One node; *here* is the id of this one."""
    return pb.Node(
        id=node.id,
        name=node.name,
        version=node.version,
        pid=node.pid,
        started_at=timestamp_of(node.started_at),
        state=node.state,
        connections=node.connections,
        subscriptions=node.subscriptions,
        accepted=node.accepted,
        deliveries=node.deliveries,
        cpu_seconds=node.cpu_seconds,
        resident_bytes=node.resident_bytes,
        lag_seconds=node.lag_seconds,
        listeners=node.listeners,
        self=node.id == here,
        at=timestamp_of(node.at),
    )


def cut_off_message(cut: CutOff) -> pb.CutOff:
    """One connection that was cut off."""
    return pb.CutOff(
        id=cut.id,
        client_id=cut.client_id,
        key_id=cut.key_id,
        user_id=cut.user_id,
        transport=cut.transport,
        address=cut.address,
        outbox_bytes=cut.outbox_bytes,
        at=timestamp_of(cut.at),
    )


def inbox_message(info: InboxInfo, *, connections: int) -> pb.Inbox:
    """What is kept of one user."""
    return pb.Inbox(
        client_id=info.client_id,
        user_id=info.user_id,
        position=position_message(info.position.epoch, info.position.offset),
        cursor=info.cursor,
        notifications=info.notifications,
        undelivered=info.undelivered,
        size_bytes=info.size_bytes,
        last_at=timestamp_of(info.last_at),
        connections=connections,
    )


def durable_message(view: DurableView) -> types_pb2.DurableSubscription:
    """One durable subscription."""
    key, position = view.key, view.position
    return types_pb2.DurableSubscription(
        client_id=key.client_id,
        channel=key.channel,
        name=key.name,
        user_id=key.user_id,
        position=position_message(position.epoch, position.offset),
        pending=view.pending,
        unacked=view.unacked,
        connections=view.connections,
        used_at=timestamp_of(view.used_at),
    )


def stats_message(snapshot: StatsSnapshot) -> pb.Stats:
    """The figures of one moment."""
    named = pb.Stats.DESCRIPTOR.fields_by_name
    counters = {name: count for name, count in snapshot.counters.items() if name in named}
    return pb.Stats(
        at=timestamp_of(snapshot.at),
        uptime_seconds=snapshot.uptime_seconds,
        **counters,
        connections=snapshot.connections,
        connections_by_transport=snapshot.connections_by_transport,
        channels=snapshot.channels,
        subscriptions=snapshot.subscriptions,
        queue=queue_message(snapshot.queue),
        history_channels=snapshot.history_channels,
        history_publications=snapshot.history_publications,
        history_bytes=snapshot.history_bytes,
        inbox_users=snapshot.inbox_users,
        inbox_notifications=snapshot.inbox_notifications,
        inbox_bytes=snapshot.inbox_bytes,
        dead_letters=snapshot.dead_letters,
        dead_letter_bytes=snapshot.dead_letter_bytes,
        durable_subscriptions=snapshot.durable_subscriptions,
        unacked=snapshot.unacked,
        receipts=snapshot.receipts,
        timeline_events=snapshot.timeline_events,
        log_entries=snapshot.log_entries,
        outbox_bytes=snapshot.outbox_bytes,
        resident_bytes=snapshot.resident_bytes,
        cpu_seconds=snapshot.cpu_seconds,
        nodes=snapshot.nodes,
        missing_nodes=snapshot.missing_nodes,
        open_files=snapshot.open_files,
        top_channels=[pb.ChannelCount(**asdict(count)) for count in snapshot.top_channels],
        busiest_channels=[pb.ChannelCount(**asdict(count)) for count in snapshot.busiest_channels],
        memory_limit_bytes=snapshot.memory_limit_bytes,
        open_files_limit=snapshot.open_files_limit,
        processors=snapshot.processors,
    )
