"""What the parts of acks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.hub.hub import Hub
    from notifyd.policy.receiving.window import AckRules
    from notifyd.service.acks.aftermath import Aftermath
    from notifyd.service.acks.clock import AckClock
    from notifyd.service.acks.registry import AckRegistry
    from notifyd.service.receiving.subscribe import Subscriber
    from notifyd.store.ports import Broker


class AckHouse:
    """The floors below, who acks now, and the settings, which may change."""

    def __init__(
        self,
        hub: Hub,
        broker: Broker,
        subscriber: Subscriber,
        registry: AckRegistry,
        aftermath: Aftermath,
        clock: AckClock,
        rules: AckRules,
    ) -> None:
        self.hub = hub
        self.broker = broker
        self.subscriber = subscriber
        self.registry = registry
        self.aftermath = aftermath
        self.clock = clock
        self.rules = rules
