"""The operations on webhooks."""

from __future__ import annotations

from typing import Final

from notifyd.wire.rest import webhook_bodies as webhook_rest
from notifyd.wire.rest.operation import Access, Operation, Parameter, Tag

WEBHOOK_OPERATIONS: Final = (
    Operation(
        "listWebhooks", "GET", "/api/webhooks", "List the webhooks and how they are doing",
        Tag.WEBHOOKS, Access.ADMIN, 200, webhook_rest.WebhooksAnswer,
    ),
    Operation(
        "testWebhook", "POST", "/api/webhooks/{name}/test", "Call a webhook once with an event webhook.test",
        Tag.WEBHOOKS, Access.ADMIN, 200, webhook_rest.TrialAnswer, (404,),
        parameters=(Parameter("name", "path", "What it is called in the configuration."),),
    ),
)  # fmt: skip
