"""What the applications of this package are given."""

from __future__ import annotations

import msgspec

from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.policy.receiving.recovery import Pids
from notifyd.service.acks import Acks
from notifyd.service.clients.clients import Clients
from notifyd.service.clients.devices import Devices
from notifyd.service.presence.presence import Presence
from notifyd.service.publishing.publish import Publisher
from notifyd.service.receiving.attending import Attending
from notifyd.service.receiving.connect import Connector
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber
from notifyd.store.history_ports import HistoryStore
from notifyd.telemetry.metrics import Counters


class NamespaceServices(msgspec.Struct, frozen=True):
    """What a connection needs of the floors below."""

    clients: Clients
    connector: Connector
    inboxes: Inboxes
    subscriber: Subscriber
    publisher: Publisher
    devices: Devices
    #: The clients' own streams are read here, for recovery.
    history: HistoryStore
    pids: Pids
    counters: Counters
    durability: str
    presence: Presence
    acks: Acks
    attending: Attending


class NamespaceRules(msgspec.Struct):
    """The settings; they may change while connections live."""

    #: Of [websocket] and of [http]; the pages of a client are always welcome to it.
    allowed_origins: tuple[str, ...]
    http_origins: tuple[str, ...]
    users_may_publish: bool
    #: Of one connection.
    publishes_per_minute: int
    max_protocol_errors: int
    #: Bytes that may be written before the peer has proven that they arrived.
    page_bytes: int
    #: Tells a client's address where proxies stand between.
    proxies: TrustedProxies
    #: What registering a device may take while a connection waits for it.
    device_seconds: float = 5.0
