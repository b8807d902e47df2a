"""What the admin interface needs of the house, as one value that the app puts together."""

from __future__ import annotations

import msgspec

from notifyd.service.acks import Acks
from notifyd.service.attending import Attending
from notifyd.service.channels import Channels
from notifyd.service.clients import Clients
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.connect import Connector
from notifyd.service.daemon import Daemon
from notifyd.service.dead_letters import DeadLetters
from notifyd.service.devices import Devices
from notifyd.service.doctor import Doctor
from notifyd.service.inbox import Inboxes
from notifyd.service.keys import Keys
from notifyd.service.logs import Logs
from notifyd.service.notifications import Notifications
from notifyd.service.presence import Presence
from notifyd.service.publish import Publisher
from notifyd.service.queue import Queue
from notifyd.service.record_export import RecordExport
from notifyd.service.record_import import RecordImport
from notifyd.service.subscribe import Subscriber
from notifyd.service.tokens import Tokens
from notifyd.service.waiting import Waiting
from notifyd.service.webhooks import Webhooks


class AdminServices(msgspec.Struct, frozen=True):
    """Every use case that an operator can reach."""

    daemon: Daemon
    doctor: Doctor
    keys: Keys
    clients: Clients
    tokens: Tokens
    devices: Devices
    inboxes: Inboxes
    publisher: Publisher
    notifications: Notifications
    waiting: Waiting
    dead_letters: DeadLetters
    acks: Acks
    attending: Attending
    presence: Presence
    connector: Connector
    subscriber: Subscriber
    queue: Queue
    channels: Channels
    connections: ServiceConnections
    nodes: Nodes
    webhooks: Webhooks
    stats: ServiceFigures
    logs: Logs
    record_export: RecordExport
    record_import: RecordImport
    #: Empty in development mode, where none is asked for.
    admin_token: str
    #: Bytes that may wait for a slow listener.
    outbox_bytes: int
