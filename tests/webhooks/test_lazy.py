from __future__ import annotations

import trio

from notifyd.policy.webhooks.answers import WebhookAnswer
from notifyd.webhooks.lazy import LazyCaller
from notifyd.webhooks.ports import WebhookCall
from tests.webhooks.receiver import Receiver


async def test_it_is_loaded_for_the_first_call_and_closed_once() -> None:
    caller = LazyCaller()
    await caller.close()
    with Receiver() as receiver, trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            answers: list[WebhookAnswer] = []

            async def call() -> None:
                answers.append(await caller.call(WebhookCall(receiver.url(), {}, b"{}", 5)))

            nursery.start_soon(call)
            nursery.start_soon(call)
        assert answers == [WebhookAnswer(204)] * 2
        await caller.close()
