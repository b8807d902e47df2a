"""The parts of acks, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.receiving import ack_rules
from notifyd.service.acks import AckClock, Acks
from notifyd.service.acks.aftermath import Aftermath, DeathDesk
from notifyd.service.acks.house import AckHouse
from notifyd.service.acks.registry import AckRegistry

if TYPE_CHECKING:
    from notifyd.config import Settings
    from notifyd.hub.hub import Hub
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.service.receiving.subscribe import Subscriber
    from notifyd.store.ports import Broker
    from notifyd.telemetry.metrics import Counters


def compose_acks(
    settings: Settings,
    hub: Hub,
    broker: Broker,
    subscriber: Subscriber,
    inboxes: Inboxes,
    counters: Counters,
    desk: DeathDesk | None = None,
) -> Acks:
    """Nothing runs yet: `Acks.house.clock` has to."""
    aftermath = Aftermath(broker.receipts, broker.dead_letters, counters, desk, hub.slow)
    house = AckHouse(hub, broker, subscriber, AckRegistry(), aftermath, AckClock(), ack_rules(settings))
    broker.durables.changed = house.registry.take_over
    return Acks(house, inboxes)
