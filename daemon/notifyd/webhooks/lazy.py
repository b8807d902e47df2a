"""The caller that is loaded when it is needed first: where no webhook is configured, it never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.bridge.worker import ThreadWorker

if TYPE_CHECKING:
    from notifyd.policy.webhooks.answers import WebhookAnswer
    from notifyd.webhooks.ports import WebhookCall, WebhookCaller


class LazyCaller:
    """A `WebhookCaller` by HTTP."""

    def __init__(self) -> None:
        self._caller: WebhookCaller | None = None
        self._loading = trio.Lock()

    async def call(self, call: WebhookCall) -> WebhookAnswer:
        """See `WebhookCaller.call`."""
        async with self._loading:
            if self._caller is None:
                # half a second of importing, and of reading certificates
                self._caller = await ThreadWorker("notifyd-webhooks").run(_load)
        return await self._caller.call(call)

    async def close(self) -> None:
        """See `WebhookCaller.close`."""
        if self._caller is not None:
            await self._caller.close()


def _load() -> WebhookCaller:
    from notifyd.webhooks.http import HttpCaller  # here, because it is slow

    return HttpCaller()
