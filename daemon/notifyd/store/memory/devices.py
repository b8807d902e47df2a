"""Devices that are forgotten with the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.device import Device
    from notifyd.model.ids import ClientId, DeviceId, UserId

    Found = list[Device]


class MemoryDevices:
    """A `DeviceStore` in a dict, the one that was registered last at its end."""

    def __init__(self) -> None:
        self._devices: dict[tuple[ClientId, str], Device] = {}

    async def register(self, device: Device, *, max_per_user: int) -> Device:
        """See `DeviceStore.register`."""
        await trio.lowlevel.checkpoint()
        place = (device.client_id, device.token)
        known = self._devices.pop(place, None)
        if known is not None:
            device = msgspec.structs.replace(known, user_id=device.user_id, seen_at=device.seen_at)
        others = self._of(device.client_id, device.user_id)
        for one in others[max_per_user - 1 :]:
            del self._devices[one.client_id, one.token]
        self._devices[place] = device
        return device

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> dict[UserId, Found]:
        """See `DeviceStore.of_users`."""
        await trio.lowlevel.checkpoint()
        found = {user_id: self._of(client_id, user_id) for user_id in user_ids}
        return {user_id: devices for user_id, devices in found.items() if devices}

    async def list(self, client_id: ClientId, *, user_id: UserId | None = None, limit: int = 1000) -> Sequence[Device]:
        """See `DeviceStore.list`."""
        await trio.lowlevel.checkpoint()
        found = self._of(client_id, user_id)
        return sorted(found, key=lambda device: device.user_id)[:limit]

    async def remove(self, client_id: ClientId, device_id: DeviceId) -> Device | None:
        """See `DeviceStore.remove`."""
        await trio.lowlevel.checkpoint()
        for place, device in self._devices.items():
            if place[0] == client_id and device.id == device_id:
                return self._devices.pop(place)
        return None

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        """See `DeviceStore.remove_token`."""
        await trio.lowlevel.checkpoint()
        return self._devices.pop((client_id, token), None) is not None

    async def page(self, after: DeviceId | None = None, *, limit: int = 1000) -> Sequence[Device]:
        """See `DeviceStore.page`."""
        await trio.lowlevel.checkpoint()
        behind = [device for device in self._devices.values() if after is None or device.id > after]
        return sorted(behind, key=lambda device: device.id)[:limit]

    async def rivals(self, devices: Sequence[Device]) -> Sequence[Device]:
        """See `DeviceStore.rivals`."""
        await trio.lowlevel.checkpoint()
        ids = {device.id for device in devices}
        places = {(device.client_id, device.token) for device in devices}
        return [device for place, device in self._devices.items() if place in places or device.id in ids]

    async def put(self, devices: Sequence[Device]) -> None:
        """See `DeviceStore.put`."""
        for rival in await self.rivals(devices):
            del self._devices[rival.client_id, rival.token]
        self._devices |= {(device.client_id, device.token): device for device in devices}

    def forget_client(self, client_id: ClientId) -> None:
        """A client goes, and its devices with it."""
        self._devices = {place: device for place, device in self._devices.items() if place[0] != client_id}

    def _of(self, client_id: ClientId, user_id: UserId | None) -> Found:
        found = [
            device
            for device in reversed(self._devices.values())
            if device.client_id == client_id and user_id in (None, device.user_id)
        ]
        return sorted(found, key=lambda device: device.seen_at, reverse=True)
