"""What pushing needs of the stores beside the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.device import Device
    from notifyd.model.ids import ClientId, UserId
    from notifyd.model.notification import Notification


class DeviceBook(Protocol):
    """Where users can be reached; a part of `DeviceStore`."""

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> dict[UserId, list[Device]]:
        """See `DeviceStore.of_users`."""
        ...

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        """See `DeviceStore.remove_token`."""
        ...


class PushLedger(Protocol):
    """Where a notification's receipt learns of its pushes; a part of `InboxStore`."""

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        """See `InboxStore.pushed`."""
        ...
