"""What tells webhooks of events: composed always, idle and out of everybody's way where none is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.app.machine.secrets import webhook_secret
from notifyd.app.translate.webhooks import event_rules, webhook_rules
from notifyd.dispatch.webhook_book import Endpoint, WebhookBook
from notifyd.dispatch.webhook_desk import WebhookDesk
from notifyd.dispatch.webhook_router import WebhookRouter
from notifyd.model.ids import ClientId
from notifyd.policy.webhooks.events import OF_CHANNELS, OF_USERS, Wish
from notifyd.policy.webhooks.signing import signing_key
from notifyd.service.presence.occupancy import OccupancyWatch
from notifyd.service.webhooks import Webhooks
from notifyd.webhooks.lazy import LazyCaller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.app.parts.pushing import Pushing
    from notifyd.config import Settings, WebhookTable
    from notifyd.dispatch.dispatcher import Dispatcher
    from notifyd.hub.hub import Hub
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.store.ports import Broker
    from notifyd.telemetry.metrics import Counters


class Telling(msgspec.Struct, frozen=True):
    """Everything that has to do with webhooks."""

    book: WebhookBook
    desk: WebhookDesk
    router: WebhookRouter
    watch: OccupancyWatch
    service: Webhooks
    caller: LazyCaller

    def configure(self, settings: Settings, endpoints: Sequence[Endpoint]) -> None:
        """Tell *endpoints*, and no others, from now on."""
        changed = [endpoint.name for endpoint in endpoints if self.book.find(endpoint.name) != endpoint]
        self.book.configure(endpoints)
        for name in changed:
            self.router.reopen(name)
        self.desk.rules = event_rules(settings)
        self.router.rules = webhook_rules(settings)
        self.watch.configure(
            settings.events.grace_seconds,
            users=self.book.any_wants(*OF_USERS),
            channels=self.book.any_wants(*OF_CHANNELS),
        )

    def listen_to(self, dispatcher: Dispatcher, pushing: Pushing | None) -> None:
        """Have them tell what happens; where no webhook is configured they tell nobody, which costs nothing."""
        dispatcher.events = self.desk if len(self.book) else None
        if pushing is not None:
            pushing.router.events = dispatcher.events


def compose_telling(settings: Settings, hub: Hub, broker: Broker, inboxes: Inboxes, counters: Counters) -> Telling:
    """Put it together and make the secrets that are missing.

    Raises:
        CannotStart: a secret cannot be read, written or used.
    """
    book, caller = WebhookBook(), LazyCaller()
    desk = WebhookDesk(broker.queue, book, event_rules(settings), counters, inboxes.online)
    router = WebhookRouter(broker.queue, book, caller, webhook_rules(settings), counters)
    router.note_in(broker.receipts)
    watch = OccupancyWatch(hub, desk, settings.events.grace_seconds)
    telling = Telling(book, desk, router, watch, Webhooks(book, router, caller), caller)
    telling.configure(settings, read_endpoints(settings))
    return telling


def read_endpoints(settings: Settings) -> list[Endpoint]:
    """The webhooks with their secrets, which are made where they are missing.

    Raises:
        CannotStart: a secret cannot be read, written or used.
    """
    return [_endpoint(webhook, settings) for webhook in settings.webhooks]


def _endpoint(webhook: WebhookTable, settings: Settings) -> Endpoint:
    secret = webhook_secret(webhook.name, webhook.secret_file, settings.server.state_dir)
    wish = Wish(webhook.events, ClientId(webhook.client) if webhook.client else None)
    return Endpoint(webhook.name, webhook.url, wish, secret, signing_key(secret))
