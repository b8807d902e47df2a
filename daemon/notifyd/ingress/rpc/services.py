"""What the admin interface needs of the house, as one value that the app puts together."""

from __future__ import annotations

import msgspec

from notifyd.service.access.keys import Keys
from notifyd.service.access.tokens import Tokens
from notifyd.service.acks import Acks
from notifyd.service.channels import Channels
from notifyd.service.clients.clients import Clients
from notifyd.service.clients.devices import Devices
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.daemon import Daemon
from notifyd.service.doctor import Doctor
from notifyd.service.logs import Logs
from notifyd.service.presence.presence import Presence
from notifyd.service.publishing.dead_letters import DeadLetters
from notifyd.service.publishing.notifications import Notifications
from notifyd.service.publishing.publish import Publisher
from notifyd.service.publishing.queue import Queue
from notifyd.service.publishing.waiting import Waiting
from notifyd.service.receiving.attending import Attending
from notifyd.service.receiving.connect import Connector
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber
from notifyd.service.records.exporting import RecordExport
from notifyd.service.records.importing import RecordImport
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
