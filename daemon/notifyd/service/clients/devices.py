"""The devices of users: where to push what finds nobody at home."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from notifyd.clock import now_ms
from notifyd.errors import Invalid, NotFound
from notifyd.model.device import Device
from notifyd.policy.naming.ids import new_device_id
from notifyd.policy.naming.targets import check_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, DeviceId, UserId
    from notifyd.service.clients.clients import Clients
    from notifyd.store.record_ports import DeviceStore

MAX_LISTED: Final = 10_000

_WORD: Final = re.compile(r"[!-~]+")

log = structlog.get_logger("notifyd.devices")


class DeviceRules(msgspec.Struct, frozen=True):
    """The settings of devices."""

    #: Beyond it the one that was seen longest ago goes.
    max_per_user: int
    max_token_bytes: int = 4096


class Devices:
    """Push tokens go to their latest user."""

    def __init__(self, store: DeviceStore, clients: Clients, rules: DeviceRules) -> None:
        self._store = store
        self._clients = clients
        self.rules = rules

    async def register(self, client_id: ClientId, user_id: str, token: str) -> Device:
        """Note that *token* reaches *user_id*, and nobody else any more.

        Raises:
            Invalid: the user (`invalid_user`) or the token (`invalid_device_token`) cannot be one.
            NotFound: there is no such client.
            StoreUnavailable: it was not kept.
        """
        wanted = self._device(client_id, user_id, token)
        kept = await self._store.register(wanted, max_per_user=self.rules.max_per_user)
        try:
            self._clients.known(client_id)
        except NotFound:
            # the client was removed meanwhile, perhaps before this was kept
            await self._store.remove_token(client_id, token)
            raise
        log.info("device_registered", client_id=client_id, device_id=kept.id, known_before=kept.id != wanted.id)
        return kept

    async def list(self, client_id: ClientId, user_id: UserId | None = None, limit: int = 1000) -> Sequence[Device]:
        """The devices of a client, or of one user of it, by user.

        Raises:
            NotFound: there is no such client.
            StoreUnavailable: the store cannot be read.
        """
        limit = max(1, min(limit, MAX_LISTED))
        return await self._store.list(self._clients.known(client_id), user_id=user_id, limit=limit)

    async def remove(self, client_id: ClientId, device_id: DeviceId) -> Device:
        """Forget one device.

        Raises:
            NotFound: there is no such client or device.
            StoreUnavailable: nothing has changed.
        """
        device = await self._store.remove(self._clients.known(client_id), device_id)
        if device is None:
            raise NotFound("there is no such device", code="device_not_found")
        log.info("device_removed", client_id=client_id, device_id=device_id)
        return device

    def _device(self, client_id: ClientId, user_id: str, token: str) -> Device:
        if not 0 < len(token) <= self.rules.max_token_bytes or not _WORD.fullmatch(token):
            raise Invalid(
                f"a push token is 1 to {self.rules.max_token_bytes} printable ASCII characters without spaces",
                code="invalid_device_token",
            )
        now = now_ms()
        user = check_user(user_id)
        return Device(new_device_id(), self._clients.known(client_id), user, token, created_at=now, seen_at=now)
