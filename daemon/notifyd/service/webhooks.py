"""What an operator sees of webhooks, and trying one out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.dispatch.webhook_sending import call_endpoint
from notifyd.errors import NotFound
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.naming.ids import new_notification_id
from notifyd.policy.webhooks.events import EventType, event_body, head_of

if TYPE_CHECKING:
    from notifyd.dispatch.webhook_book import Endpoint, WebhookBook
    from notifyd.dispatch.webhook_router import WebhookRouter
    from notifyd.webhooks.ports import WebhookCaller

log = structlog.get_logger("notifyd.webhooks")


class WebhookView(msgspec.Struct, frozen=True):
    """One webhook and how it is doing. Counts are since the daemon's start."""

    name: str
    url: str
    #: Empty: of all clients.
    client_id: str
    #: Empty: all events.
    events: tuple[str, ...]
    #: idle, delivering or failing.
    state: str
    waiting: int
    delivered: int
    #: Calls that failed; events given up; events that had no room or expired.
    failed: int
    dead: int
    dropped: int
    #: The last call: milliseconds since the Unix epoch, 0 for none; its status, 0 for none; a sentence, "" for success.
    last_at: int
    last_status: int
    last_error: str


class Trial(msgspec.Struct, frozen=True):
    """How a call ended that an operator asked for."""

    event_id: str
    #: The HTTP status, 0 for no answer; a sentence, "" where the event was taken.
    status: int
    error: str
    seconds: float


class Webhooks:
    """List, tell the secret, try out."""

    def __init__(self, book: WebhookBook, router: WebhookRouter, caller: WebhookCaller) -> None:
        self._book = book
        self._router = router
        self._caller = caller

    async def list(self) -> list[WebhookView]:
        """All that are configured, in that order. Looks at every event that waits.

        Raises:
            StoreUnavailable: the broker is away.
        """
        waiting = await self._router.waiting() if len(self._book) else Counter[str]()
        return [self._view(endpoint, waiting.get(endpoint.name, 0)) for endpoint in self._book]

    def secret(self, name: str) -> str:
        """What its receiver checks signatures with.

        Raises:
            NotFound: there is no such webhook.
        """
        secret = self._find(name).secret
        log.info("webhook_secret_shown", webhook=name)
        return secret

    async def test(self, name: str) -> Trial:
        """Call it once with an event `webhook.test`, past the queue; counts as its last call.

        Where it takes that, what waits for it goes on at once.

        Raises:
            NotFound: there is no such webhook.
        """
        endpoint = self._find(name)
        now, before = now_ms(), trio.current_time()
        client_id = endpoint.wish.client_id or DEFAULT_CLIENT
        body = event_body(new_notification_id(now), EventType.TEST, client_id, {"webhook": name}, now=now)
        answer = await call_endpoint(self._caller, endpoint, body, timeout_seconds=self._router.rules.timeout_seconds)
        self._book.figures(name).note(answer, now=now_ms())
        if answer.taken:
            self._router.reopen(name)
        log.info("webhook_tested", webhook=name, status=answer.status, reason=answer.reason)
        return Trial(head_of(body).id, answer.status, answer.sentence, trio.current_time() - before)

    def _find(self, name: str) -> Endpoint:
        endpoint = self._book.find(name)
        if endpoint is None:
            raise NotFound("there is no such webhook", code="webhook_not_found")
        return endpoint

    def _view(self, endpoint: Endpoint, waiting: int) -> WebhookView:
        figures = self._book.figures(endpoint.name)
        return WebhookView(
            name=endpoint.name,
            url=endpoint.url,
            client_id=endpoint.wish.client_id or "",
            events=endpoint.wish.events,
            state=figures.state,
            waiting=waiting,
            delivered=figures.delivered,
            failed=figures.failed,
            dead=figures.dead,
            dropped=figures.dropped,
            last_at=figures.last_at,
            last_status=figures.last_status,
            last_error=figures.last_error,
        )
