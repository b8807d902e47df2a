"""Acks over the parts of a node, as the daemon wires them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.policy.receiving.window import AckRules
from notifyd.service.acks import AckClock, Acks
from notifyd.service.acks.aftermath import Aftermath
from notifyd.service.acks.house import AckHouse
from notifyd.service.acks.registry import AckRegistry

if TYPE_CHECKING:
    from notifyd.hub.hub import Hub
    from notifyd.service.acks.aftermath import DeathDesk
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.service.receiving.subscribe import Subscriber
    from notifyd.store.ports import Broker
    from notifyd.telemetry.metrics import Counters

#: Two tries; the second comes soon.
ACK_RULES = AckRules(
    max_attempts=2,
    retry_seconds=0.05,
    retry_max_seconds=0.05,
    ack_seconds=30.0,
    max_unacked=10,
    max_unacked_bytes=1_000_000,
)


def acks_of(
    hub: Hub,
    broker: Broker,
    subscriber: Subscriber,
    inboxes: Inboxes,
    counters: Counters,
    *,
    rules: AckRules = ACK_RULES,
    desk: DeathDesk | None = None,
) -> Acks:
    """Nothing runs yet: `Acks.house.clock` has to."""
    aftermath = Aftermath(broker.receipts, broker.dead_letters, counters, desk)
    return Acks(AckHouse(hub, broker, subscriber, AckRegistry(), aftermath, AckClock(), rules), inboxes)
