"""The settings of the plain JSON protocol, and what it needs of the floors below."""

from __future__ import annotations

import msgspec

from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.service.access.limits import RateLimiter
from notifyd.service.acks import Acks
from notifyd.service.presence.presence import Presence
from notifyd.service.publishing.publish import Publisher
from notifyd.service.receiving.attending import Attending
from notifyd.service.receiving.connect import Connector
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber
from notifyd.telemetry.metrics import Counters


class NativeRules(msgspec.Struct):
    """The settings of this protocol; they may change while connections live."""

    allowed_origins: tuple[str, ...]
    max_protocol_errors: int
    #: Bytes of a replay that may be written before waiting for the peer.
    page_bytes: int
    #: Tells a client's address where proxies stand between.
    proxies: TrustedProxies


class NativeServices(msgspec.Struct, frozen=True):
    """What a connection needs of the floors below."""

    connector: Connector
    subscriber: Subscriber
    publisher: Publisher
    limiter: RateLimiter
    counters: Counters
    durability: str
    inboxes: Inboxes
    acks: Acks
    presence: Presence
    attending: Attending
