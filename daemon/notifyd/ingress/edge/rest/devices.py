"""Register, list and forget push tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.errors import NotFound
from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.ingress.edge.rest.client_views import device_view
from notifyd.ingress.edge.rest.whose import check_own, client_of, user_of
from notifyd.model.ids import ClientId, DeviceId, UserId
from notifyd.policy.fields import check_named
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.bodies import Done
from notifyd.wire.rest.client_bodies import DeviceAnswer, DevicesAnswer, NewDeviceBody

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.service.clients.devices import Devices

_new_device: Final = msgspec.json.Decoder(NewDeviceBody)


class DeviceEndpoints:
    """The calls below /api/v1/devices."""

    def __init__(self, devices: Devices, reception: Reception) -> None:
        self._devices = devices
        self._reception = reception

    async def register(self, call: Call) -> Answer:
        """Note where a user can be reached."""
        body = decode_body(call, _new_device, max_bytes=self._reception.options.max_body_bytes)
        check_own(call, client_id=body.client_id, user_id=body.user_id)
        client_id, user_id = body.client_id, user_of(call, body.user_id)
        if call.principal is not None:
            client_id = call.principal.client_id
        check_named({"clientId": client_id, "userId": user_id})
        self._reception.check_secret(call, client_id or "")
        device = await self._devices.register(ClientId(client_id or ""), user_id, body.fcm_token)
        return Answer(201, encode(DeviceAnswer(device_id=device.id, device=device_view(device))))

    async def list(self, call: Call) -> Answer:
        """The devices of a client or of one of its users."""
        user_id = call.query("userId")
        found = await self._devices.list(client_of(call), UserId(user_id) if user_id else None, call.limit())
        return Answer(200, encode(DevicesAnswer(devices=[device_view(device) for device in found])))

    async def remove(self, call: Call) -> Answer:
        """Forget one."""
        client_id, device_id = client_of(call), DeviceId(call.params["id"])
        if call.principal is not None:
            own = await self._devices.list(client_id, call.principal.user_id)
            if device_id not in (device.id for device in own):
                raise NotFound("there is no such device", code="device_not_found")
        await self._devices.remove(client_id, device_id)
        return Answer(200, encode(Done(message="device removed successfully")))
