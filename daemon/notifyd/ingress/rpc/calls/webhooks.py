"""Webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import timestamp_of

if TYPE_CHECKING:
    from notifyd.service.webhooks import Webhooks, WebhookView


class WebhookCalls:
    """List, tell the secret, try out."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def list_webhooks(self, request: pb.ListWebhooksRequest) -> pb.ListWebhooksResponse:
        """All of them, and how they are doing."""
        return pb.ListWebhooksResponse(webhooks=map(_message, await self._webhooks.list()))

    async def get_webhook_secret(self, request: pb.GetWebhookSecretRequest) -> pb.GetWebhookSecretResponse:
        """What its receiver checks signatures with."""
        return pb.GetWebhookSecretResponse(secret=self._webhooks.secret(request.name))

    async def test_webhook(self, request: pb.TestWebhookRequest) -> pb.TestWebhookResponse:
        """Call one now."""
        trial = await self._webhooks.test(request.name)
        return pb.TestWebhookResponse(
            event_id=trial.event_id, status=trial.status, error=trial.error, seconds=trial.seconds
        )


def _message(view: WebhookView) -> pb.Webhook:
    return pb.Webhook(
        name=view.name,
        url=view.url,
        client_id=view.client_id,
        events=view.events,
        state=view.state,
        waiting=view.waiting,
        delivered=view.delivered,
        failed=view.failed,
        dead=view.dead,
        dropped=view.dropped,
        last_at=timestamp_of(view.last_at),
        last_status=view.last_status,
        last_error=view.last_error,
    )
