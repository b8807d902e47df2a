"""What the REST interface needs of the floors below, and its settings."""

from __future__ import annotations

from msgspec import Struct

from notifyd.ingress.edge.console.services import ConsoleOptions, ConsoleServices
from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.service.access.keys import Keys
from notifyd.service.access.limits import RateLimiter
from notifyd.service.access.tokens import Tokens
from notifyd.service.acks import Acks
from notifyd.service.channels import Channels
from notifyd.service.clients.clients import Clients
from notifyd.service.clients.devices import Devices
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.daemon import Daemon
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
from notifyd.service.webhooks import Webhooks
from notifyd.telemetry.metrics import Counters
from notifyd.telemetry.prometheus import Exposition


class RestServices(Struct, frozen=True):
    """The services that REST calls are made of."""

    publisher: Publisher
    keys: Keys
    clients: Clients
    tokens: Tokens
    devices: Devices
    inboxes: Inboxes
    connector: Connector
    subscriber: Subscriber
    notifications: Notifications
    waiting: Waiting
    dead_letters: DeadLetters
    acks: Acks
    attending: Attending
    presence: Presence
    queue: Queue
    webhooks: Webhooks
    channels: Channels
    stats: ServiceFigures
    daemon: Daemon
    limiter: RateLimiter
    exposition: Exposition
    counters: Counters
    #: The other workers of this daemon.
    siblings: Siblings = Siblings()
    #: None: there is no web console.
    console: ConsoleServices | None = None


class RestOptions(Struct, frozen=True):
    """The settings of the REST interface."""

    #: Development mode: admin calls need no token, and must come straight from this machine.
    dev: bool = False
    #: Empty: nobody has it.
    admin_token: str = ""
    metrics_open: bool = False
    trusted_proxies: tuple[str, ...] = ()
    #: Web origins that browsers may call from (CORS); `*` for any.
    allowed_origins: tuple[str, ...] = ()
    max_body_bytes: int = 1_048_576
    max_batch: int = 1000
    #: Bytes of a replay that are written to an event stream before waiting for its reader.
    page_bytes: int = 65_536
    console: ConsoleOptions = ConsoleOptions()
