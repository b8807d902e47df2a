"""What a push provider promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.policy.pushing.answers import SendResult
    from notifyd.policy.pushing.content import PushMessage


class PushProvider(Protocol):
    """Hands messages to somebody who can reach devices.

    Guarantees: one try each, nothing is retried in here; every call ends within a bounded time; calls may overlap.
    """

    async def send(self, messages: Sequence[PushMessage]) -> list[SendResult]:
        """What became of each message, in the order given. Never raises for what the provider or the network does."""
        ...

    async def close(self) -> None:
        """Let go of everything; nothing else is called afterwards."""
        ...
