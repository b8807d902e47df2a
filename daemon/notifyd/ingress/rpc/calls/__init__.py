"""The calls of the admin service, a part for each noun: decode, call the service, encode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.rpc.calls.acks import AckCalls, DurableCalls
from notifyd.ingress.rpc.calls.channels import ChannelCalls
from notifyd.ingress.rpc.calls.clients import ClientCalls, TokenCalls
from notifyd.ingress.rpc.calls.connections import ConnectionCalls
from notifyd.ingress.rpc.calls.daemon import DaemonCalls
from notifyd.ingress.rpc.calls.dead_letters import DeadLetterCalls
from notifyd.ingress.rpc.calls.doctor import DoctorCalls
from notifyd.ingress.rpc.calls.keys import KeyCalls
from notifyd.ingress.rpc.calls.listen import ListenCalls
from notifyd.ingress.rpc.calls.logs import LogCalls
from notifyd.ingress.rpc.calls.nodes import NodeCalls
from notifyd.ingress.rpc.calls.notifications import NotificationCalls
from notifyd.ingress.rpc.calls.presence import PresenceCalls
from notifyd.ingress.rpc.calls.queue import QueueCalls
from notifyd.ingress.rpc.calls.records import RecordCalls
from notifyd.ingress.rpc.calls.stats import StatsCalls
from notifyd.ingress.rpc.calls.users import DeviceCalls, InboxCalls
from notifyd.ingress.rpc.calls.waiting import WaitCalls
from notifyd.ingress.rpc.calls.webhooks import WebhookCalls

if TYPE_CHECKING:
    from notifyd.ingress.rpc.services import AdminServices


def admin_parts(services: AdminServices) -> list[object]:
    """All of them; together they serve every method of the contract."""
    return [
        DaemonCalls(services.daemon, services.stats, services.admin_token),
        DoctorCalls(services.doctor),
        LogCalls(services.logs),
        KeyCalls(services.keys),
        ClientCalls(services.clients),
        TokenCalls(services.tokens),
        DeviceCalls(services.devices),
        InboxCalls(services.inboxes),
        NotificationCalls(services),
        WaitCalls(services.waiting),
        ListenCalls(services),
        AckCalls(services.acks),
        DurableCalls(services.acks),
        DeadLetterCalls(services.dead_letters),
        QueueCalls(services.queue),
        WebhookCalls(services.webhooks),
        ChannelCalls(services.channels, services.clients),
        PresenceCalls(services.presence, services.clients),
        ConnectionCalls(services.connections),
        RecordCalls(services.record_export, services.record_import),
        StatsCalls(services.stats),
        NodeCalls(services.nodes),
    ]
