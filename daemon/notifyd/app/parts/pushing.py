"""What pushes to devices, where a provider is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.app.translate.delivery import publish_rules
from notifyd.app.translate.pushing import push_rules
from notifyd.dispatch.push_desk import PushDesk
from notifyd.dispatch.push_router import PushRouter

if TYPE_CHECKING:
    from notifyd.config import Settings
    from notifyd.push.ports import PushProvider
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.store.ports import Broker
    from notifyd.store.record_ports import Records
    from notifyd.telemetry.metrics import Counters


class Pushing(msgspec.Struct, frozen=True):
    """The desk that takes pushes in, and the router that sends them."""

    desk: PushDesk
    router: PushRouter


def compose_pushing(
    settings: Settings, provider: PushProvider | None, broker: Broker, records: Records, inboxes: Inboxes,
    counters: Counters,
) -> Pushing | None:  # fmt: skip
    """Put them together; None where there is no provider."""
    if provider is None:
        return None
    ageing_ms = publish_rules(settings).ageing_ms
    desk = PushDesk(broker.queue, records.devices, broker.inbox, counters, inboxes.online, ageing_ms=ageing_ms)
    rules = push_rules(settings)
    router = PushRouter(broker.queue, records.devices, broker.inbox, provider, rules, counters, inboxes.arrived)
    router.note_in(broker.receipts)
    return Pushing(desk, router)
