"""The two calls of the client service: a new client, and where a user is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.policy.fields import check_named
from notifyd.service.clients.clients import NewClient
from notifyd.v1 import client_pb2 as pb

if TYPE_CHECKING:
    from notifyd.ingress.rpc.public.credentials import Caller
    from notifyd.ingress.rpc.public.gate import Gate
    from notifyd.service.clients.clients import Clients
    from notifyd.service.clients.devices import Devices


class RegistrationCalls:
    """Clients."""

    def __init__(self, gate: Gate, clients: Clients) -> None:
        self._gate = gate
        self._clients = clients

    async def register_client(self, request: pb.RegisterClientRequest, caller: Caller) -> pb.RegisterClientResponse:
        """Make a client."""
        self._gate.admit_operator(caller)
        wanted = NewClient(
            name=request.appName,
            secret=request.clientSecret,
            url=request.clientUrl,
            description=request.description,
            cookie_name=request.cookieName,
        )
        made = await self._clients.register(wanted)
        return pb.RegisterClientResponse(
            id=made.client.id, appName=made.client.name, clientSecret=made.secret, warnings=made.warnings
        )


class DeviceCalls:
    """Push tokens."""

    def __init__(self, gate: Gate, devices: Devices) -> None:
        self._gate = gate
        self._devices = devices

    async def register_fcm_token(
        self, request: pb.RegisterFCMTokenRequest, caller: Caller
    ) -> pb.RegisterFCMTokenResponse:
        """Note where a user is reached."""
        client_id, user_id = self._gate.admit_registrar(caller, request.clientId, request.userId)
        check_named({"clientId": client_id, "userId": user_id, "fcmToken": request.fcmToken})
        device = await self._devices.register(client_id, user_id, request.fcmToken)
        return pb.RegisterFCMTokenResponse(success=True, deviceId=device.id)
