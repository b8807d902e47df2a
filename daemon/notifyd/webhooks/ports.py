"""What somebody who calls webhooks promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from notifyd.policy.webhooks.answers import WebhookAnswer


class WebhookCall(msgspec.Struct, frozen=True):
    """One request."""

    url: str
    #: The signature among them.
    headers: dict[str, str]
    body: bytes
    timeout_seconds: float


class WebhookCaller(Protocol):
    """Hands events to endpoints.

    Guarantees: one try each, no redirect is followed, certificates are verified, at most 4 KiB of an answer are
    read, nothing of one call is carried to the next; every call ends within its time; calls may overlap.
    """

    async def call(self, call: WebhookCall) -> WebhookAnswer:
        """How it ended. Never raises for what the endpoint or the network does."""
        ...

    async def close(self) -> None:
        """Let go of the connections; nothing else is called afterwards."""
        ...
