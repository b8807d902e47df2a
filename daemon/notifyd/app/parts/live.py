"""From publish to connections, and to those who are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from notifyd.app.parts.access import Access
from notifyd.app.parts.acking import compose_acks
from notifyd.app.parts.presence import compose_presence
from notifyd.app.parts.pushing import Pushing, compose_pushing
from notifyd.app.parts.webhooks import Telling, compose_telling
from notifyd.app.translate.delivery import dispatch_rules, publish_rules
from notifyd.app.translate.receiving import subscribe_rules
from notifyd.bus.open import open_bus
from notifyd.dispatch.dispatcher import Dispatcher
from notifyd.service.publishing.publish import Publisher
from notifyd.service.receiving.attending import Attending
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber

if TYPE_CHECKING:
    from notifyd.bus.local import LocalBus
    from notifyd.bus.shared import SharedBus
    from notifyd.service.acks import Acks
    from notifyd.service.presence.news import PresenceNews
    from notifyd.service.presence.presence import Presence


class Live(Access, frozen=True, kw_only=True):
    """And what notifications go through."""

    publisher: Publisher
    dispatcher: Dispatcher
    bus: LocalBus | SharedBus
    #: None where there is no provider.
    pushing: Pushing | None
    telling: Telling
    subscriber: Subscriber
    inboxes: Inboxes
    acks: Acks
    attending: Attending
    presence: Presence
    presence_news: PresenceNews


def compose_live(access: Access) -> Live:
    """Put it together; nothing runs yet."""
    settings, engines, hub = access.loaded.settings, access.engines, access.hub
    broker, counters = engines.broker, engines.counters
    hub.crowds = broker.news
    bus = open_bus(broker.news, hub)
    subscriber = Subscriber(hub, broker.history, subscribe_rules(settings), counters)
    inboxes = Inboxes(hub, broker.inbox, counters)
    pushing = compose_pushing(settings, engines.push, broker, engines.records, inboxes, counters)
    presence, presence_news = compose_presence(settings, hub, counters)
    telling = compose_telling(settings, hub, broker, inboxes, counters)
    desk = pushing.desk if pushing is not None else None
    dispatcher = Dispatcher(broker.queue, broker.history, bus, dispatch_rules(settings), counters, desk)
    telling.listen_to(dispatcher, pushing)
    seconds = settings.delivery.idempotency_seconds
    return Live(
        **asdict(access),
        publisher=Publisher(broker.queue, publish_rules(settings), counters, idempotency_seconds=seconds),
        dispatcher=dispatcher,
        bus=bus,
        pushing=pushing,
        telling=telling,
        subscriber=subscriber,
        inboxes=inboxes,
        acks=compose_acks(settings, hub, broker, subscriber, inboxes, counters, telling.desk),
        attending=Attending(broker, subscriber),
        presence=presence,
        presence_news=presence_news,
    )
