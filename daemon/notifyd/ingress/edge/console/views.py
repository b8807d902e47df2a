"""What the calls of the web console say, in camelCase; where REST says the same, its own are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from notifyd.clock import iso_ms
from notifyd.wire.rest.bodies import StatsView
from notifyd.wire.rest.receipt_bodies import ReceiptView

if TYPE_CHECKING:
    from notifyd.hub.slow import CutOff
    from notifyd.model.node import NodeInfo
    from notifyd.service.receiving.connections import ConnectionView
    from notifyd.telemetry.record import Record


class SignInBody(Struct, frozen=True):
    """Who wants to be let in."""

    token: Annotated[str, Meta(max_length=1024)]


class SessionAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the page has to know of the daemon and of who looks at it."""

    success: bool = True
    signed_in: bool
    #: Nobody has to sign in, from this machine.
    development: bool
    #: To be sent along with what changes something; "" for who is not signed in.
    csrf_token: str = ""
    #: When the session ends whatever is done.
    expires_at: str | None = None
    version: str
    #: None where it is not open.
    websocket_port: int | None
    socketio_path: str


class EngineRow(Struct, frozen=True):
    """One engine and whether it works."""

    name: str
    engine: str
    healthy: bool
    detail: str


class NodeRow(Struct, frozen=True, rename="camel"):
    """One node."""

    id: str
    name: str
    version: str
    state: str
    started_at: str
    connections: int
    subscriptions: int
    accepted: int
    deliveries: int
    cpu_seconds: float
    resident_bytes: int
    lag_seconds: float
    here: bool


class OverviewAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything of this moment that the console shows all the time."""

    success: bool = True
    state: str
    version: str
    durability: str
    engines: list[EngineRow]
    stats: StatsView
    nodes: list[NodeRow]


class WaitingAnswer(Struct, frozen=True, kw_only=True):
    """The next ones of the queue, as their receipts."""

    success: bool = True
    notifications: list[ReceiptView]


class ConnectionRow(Struct, frozen=True, rename="camel"):
    """One live connection."""

    id: str
    client_id: str
    key_id: str
    user_id: str
    transport: str
    address: str
    connected_at: str
    channels: list[str]
    #: How many they are; of very many only the first are named.
    subscription_count: int
    outbox_bytes: int
    outbox_limit_bytes: int
    sent_bytes: int
    idle_seconds: float
    behind_since: str | None
    node: str


class CutOffRow(Struct, frozen=True, rename="camel"):
    """One connection that was cut off because it did not read."""

    id: str
    client_id: str
    key_id: str
    user_id: str
    transport: str
    address: str
    outbox_bytes: int
    at: str


class ConnectionsAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Connections that fit."""

    success: bool = True
    connections: list[ConnectionRow]
    total: int
    recently_cut: list[CutOffRow]
    missing_nodes: list[str]


class KickBody(Struct, frozen=True):
    """Which connections are to go, and what they are told."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    reason: str = ""


class KickedAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Those that went, and those that were gone already."""

    success: bool = True
    kicked: list[str]
    not_found: list[str]
    missing_nodes: list[str]


class LogRow(Struct, frozen=True):
    """One record of the log, as it is written out."""

    sequence: int
    record: msgspec.Raw


class LogsAnswer(Struct, frozen=True, kw_only=True):
    """Records of one process, the oldest first, and what to ask after next."""

    success: bool = True
    #: Whose: sequence numbers of others mean something else.
    node: str
    sequence: int
    dropped: int
    records: list[LogRow]


_MOST_CHANNELS = 20


def node_row(node: NodeInfo, *, here: str) -> NodeRow:
    """One node; *here* is the id of this one."""
    return NodeRow(
        id=node.id,
        name=node.name,
        version=node.version,
        state=node.state,
        started_at=iso_ms(node.started_at),
        connections=node.connections,
        subscriptions=node.subscriptions,
        accepted=node.accepted,
        deliveries=node.deliveries,
        cpu_seconds=round(node.cpu_seconds, 3),
        resident_bytes=node.resident_bytes,
        lag_seconds=node.lag_seconds,
        here=node.id == here,
    )


def connection_row(view: ConnectionView) -> ConnectionRow:
    """One connection."""
    return ConnectionRow(
        id=view.id,
        client_id=view.client_id,
        key_id=view.key_id,
        user_id=view.user_id,
        transport=view.transport,
        address=view.address,
        connected_at=iso_ms(view.connected_at),
        channels=view.channels[:_MOST_CHANNELS],
        subscription_count=len(view.channels),
        outbox_bytes=view.outbox_bytes,
        outbox_limit_bytes=view.outbox_limit_bytes,
        sent_bytes=view.sent_bytes,
        idle_seconds=round(view.idle_seconds, 3),
        behind_since=None if view.behind_since is None else iso_ms(view.behind_since),
        node=view.node,
    )


def cut_off_row(cut: CutOff) -> CutOffRow:
    """One that was cut off."""
    return CutOffRow(
        id=cut.id,
        client_id=cut.client_id,
        key_id=cut.key_id,
        user_id=cut.user_id,
        transport=cut.transport,
        address=cut.address,
        outbox_bytes=cut.outbox_bytes,
        at=iso_ms(cut.at),
    )


def log_row(record: Record) -> LogRow:
    """One record."""
    return LogRow(record.sequence, msgspec.Raw(record.line))
