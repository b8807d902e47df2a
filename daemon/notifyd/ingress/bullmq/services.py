"""What the consumer needs of the daemon."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from notifyd.service.clients.clients import Clients
from notifyd.service.publishing.publish import Publisher
from notifyd.telemetry.metrics import Counters


class BullmqServices(msgspec.Struct, frozen=True):
    """By name."""

    publisher: Publisher
    clients: Clients
    counters: Counters
    #: What accepted promises, as the receipt says it.
    durability: str
    #: Since when the broker fails, or None while it works: while it fails, no job is taken.
    broker_failing_since: Callable[[], float | None]
