"""Register, list, show and remove clients, and rotate their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import now_ms
from notifyd.errors import FieldProblem, Invalid
from notifyd.ingress.edge.rest.bodies import decode_body, sift
from notifyd.ingress.edge.rest.client_views import client_view, registered_client, rotated_secret
from notifyd.model.ids import ClientId
from notifyd.policy.access.clients import problems_of, problems_of_secret, refuse_client
from notifyd.service.clients.clients import NewClient
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.bodies import Done
from notifyd.wire.rest.client_bodies import ClientAnswer, ClientsAnswer, NewClientBody, SecretRotationBody

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.service.clients.clients import Clients

_new_client: Final = msgspec.json.Decoder(NewClientBody)
_rotation: Final = msgspec.json.Decoder(SecretRotationBody)
#: A secret may be in the answer: no cache may keep it.
_NO_STORE: Final = (b"Cache-Control", b"no-store")


class ClientEndpoints:
    """The calls below /api/v1/clients."""

    def __init__(self, clients: Clients, reception: Reception) -> None:
        self._clients = clients
        self._reception = reception

    async def register(self, call: Call) -> Answer:
        """Make a client."""
        try:
            body = decode_body(call, _new_client, max_bytes=self._reception.options.max_body_bytes)
        except Invalid as exc:
            if exc.details:
                refuse_client(_all_problems(call.request.body, exc.details))
            raise
        if body.client_secret == "":
            refuse_client(_all_problems(call.request.body, ()))
        registered = await self._clients.register(
            NewClient(
                name=body.app_name,
                secret=body.client_secret or "",
                url=body.client_url or "",
                description=body.description or "",
                cookie_name=body.cookie_name or "",
            )
        )
        location = b"/api/v1/clients/" + registered.client.id.encode("ascii")
        return Answer(201, encode(registered_client(registered)), headers=(_NO_STORE, (b"Location", location)))

    async def list(self, call: Call) -> Answer:
        """List clients."""
        now = now_ms()
        return Answer(200, encode(ClientsAnswer(clients=[client_view(one, now=now) for one in self._clients.list()])))

    async def get(self, call: Call) -> Answer:
        """Show a client."""
        record = self._clients.get(ClientId(call.params["id"]))
        return Answer(200, encode(ClientAnswer(client=client_view(record, now=now_ms()))))

    async def remove(self, call: Call) -> Answer:
        """Remove a client."""
        await self._clients.remove(ClientId(call.params["id"]))
        return Answer(200, encode(Done(message="client removed successfully")))

    async def rotate_secret(self, call: Call) -> Answer:
        """Replace a client's secret."""
        secret, overlap_ms = "", None
        if call.request.body:
            body = decode_body(call, _rotation, max_bytes=self._reception.options.max_body_bytes)
            if body.client_secret == "":
                refuse_client(problems_of_secret(""))
            secret = body.client_secret or ""
            overlap_ms = None if body.overlap_seconds is None else int(body.overlap_seconds * 1000)
        registered = await self._clients.rotate_secret(
            ClientId(call.params["id"]), secret=secret, overlap_ms=overlap_ms
        )
        return Answer(200, encode(rotated_secret(registered, now=now_ms())), headers=(_NO_STORE,))


def _all_problems(body: bytes, wrong: tuple[FieldProblem, ...]) -> list[FieldProblem]:
    """*wrong*, and what else is wrong with the fields that are of the right type."""
    sound = sift(body, NewClientBody)[0]
    texts = {name: sound.get(name) or "" for name in ("app_name", "client_url", "description", "cookie_name")}
    others = problems_of(
        name=texts["app_name"],
        url=texts["client_url"],
        description=texts["description"],
        cookie_name=texts["cookie_name"],
    )
    if sound.get("client_secret") is not None:
        others += problems_of_secret(sound["client_secret"])
    named = {problem.field for problem in wrong}
    return [*wrong, *(problem for problem in others if problem.field not in named)]
