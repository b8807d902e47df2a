"""Devices of users, and what is kept for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.ingress.rpc.encode import inbox_message
from notifyd.model.ids import DeviceId, UserId
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.wire.rpc.messages import any_client_of, client_of, device_message

if TYPE_CHECKING:
    from notifyd.service.clients.devices import Devices
    from notifyd.service.receiving.inbox import Inboxes

_DEVICES: Final = 1000
_MAX_DEVICES: Final = 10_000
_INBOXES: Final = 1000
_MAX_INBOXES: Final = 100_000


class DeviceCalls:
    """Register, list, remove."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    async def register_device(self, request: pb.RegisterDeviceRequest) -> types_pb2.Device:
        """Note where a user can be reached."""
        client_id = client_of(request.client_id)
        return device_message(await self._devices.register(client_id, request.user_id, request.fcm_token))

    async def list_devices(self, request: pb.ListDevicesRequest) -> pb.ListDevicesResponse:
        """The devices of a client, or of one of its users."""
        limit = min(request.limit if request.HasField("limit") else _DEVICES, _MAX_DEVICES)
        user_id = UserId(request.user_id) if request.user_id else None
        found = await self._devices.list(client_of(request.client_id), user_id, limit)
        return pb.ListDevicesResponse(devices=map(device_message, found))

    async def remove_device(self, request: pb.RemoveDeviceRequest) -> types_pb2.Device:
        """Forget one."""
        return device_message(await self._devices.remove(client_of(request.client_id), DeviceId(request.id)))


class InboxCalls:
    """Figures of inboxes."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes

    async def list_inboxes(self, request: pb.ListInboxesRequest) -> pb.ListInboxesResponse:
        """What is kept of each user."""
        limit = min(request.limit if request.HasField("limit") else _INBOXES, _MAX_INBOXES)
        infos = await self._inboxes.infos(any_client_of(request.client_id), prefix=request.prefix, limit=limit)
        count = self._inboxes.connection_count
        return pb.ListInboxesResponse(
            inboxes=[inbox_message(info, connections=count(info.client_id, info.user_id)) for info in infos]
        )
