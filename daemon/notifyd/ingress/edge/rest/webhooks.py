"""Webhooks, and trying one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast

from notifyd.clock import iso_ms
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest import webhook_bodies as rest

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.service.webhooks import Webhooks, WebhookView

_NO_STORE: Final = ((b"Cache-Control", b"no-store"),)


class WebhookEndpoints:
    """The calls below /api/webhooks."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def list(self, call: Call) -> Answer:
        """All of them, and how they are doing."""
        views = [_view(view) for view in await self._webhooks.list()]
        return Answer(200, encode(rest.WebhooksAnswer(webhooks=views)), headers=_NO_STORE)

    async def test(self, call: Call) -> Answer:
        """Call one now."""
        trial = await self._webhooks.test(call.params["name"])
        view = rest.TrialView(
            event_id=trial.event_id,
            taken=not trial.error,
            status=trial.status or None,
            error=trial.error or None,
            seconds=round(trial.seconds, 3),
        )
        return Answer(200, encode(rest.TrialAnswer(test=view)), headers=_NO_STORE)


def _view(view: WebhookView) -> rest.WebhookView:
    return rest.WebhookView(
        name=view.name,
        url=view.url,
        client_id=view.client_id or None,
        events=list(view.events),
        state=cast("Literal['idle', 'delivering', 'failing']", view.state),
        waiting=view.waiting,
        delivered=view.delivered,
        failed=view.failed,
        dead=view.dead,
        dropped=view.dropped,
        last_at=iso_ms(view.last_at) if view.last_at else None,
        last_status=view.last_status or None,
        last_error=view.last_error or None,
    )
