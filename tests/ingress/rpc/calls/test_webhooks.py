from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import admin_pb2 as pb
from tests.webhooks.parts import SECRET

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def test_webhooks_are_listed(house: House) -> None:
    (webhook,) = (await house.ask("ListWebhooks", pb.ListWebhooksRequest())).webhooks
    assert (webhook.name, webhook.url, list(webhook.events)) == ("backend", "http://backend/", ["notification.dead"])
    assert (webhook.state, webhook.waiting, webhook.HasField("last_at")) == ("idle", 0, False)


async def test_the_secret_is_told_to_the_operator(house: House) -> None:
    assert (await house.ask("GetWebhookSecret", pb.GetWebhookSecretRequest(name="backend"))).secret == SECRET


async def test_one_is_tried_out(house: House) -> None:
    answer = await house.ask("TestWebhook", pb.TestWebhookRequest(name="backend"))
    assert (answer.status, answer.error, answer.event_id[:4]) == (204, "", "evt_")
    (webhook,) = (await house.ask("ListWebhooks", pb.ListWebhooksRequest())).webhooks
    assert (webhook.last_status, webhook.HasField("last_at")) == (204, True)


async def test_one_that_is_not_there(house: House) -> None:
    for method, request in [("GetWebhookSecret", pb.GetWebhookSecretRequest), ("TestWebhook", pb.TestWebhookRequest)]:
        assert (await house.refusal(method, request(name="nobody"))).code == "webhook_not_found"
