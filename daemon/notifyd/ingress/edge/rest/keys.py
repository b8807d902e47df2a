"""Make, list, show, rotate and revoke API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import ms_of, now_ms
from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.ingress.edge.rest.views import key_view
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.service.access.keys import IssuedKey, NewKey
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.bodies import Done, IssuedKeyAnswer, KeyAnswer, KeysAnswer, NewKeyBody, RotationBody

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.service.access.keys import Keys

_new_key: Final = msgspec.json.Decoder(NewKeyBody)
_rotation: Final = msgspec.json.Decoder(RotationBody)


class KeyEndpoints:
    """The calls below /api/keys."""

    def __init__(self, keys: Keys, reception: Reception) -> None:
        self._keys = keys
        self._reception = reception

    async def create(self, call: Call) -> Answer:
        """Make a key."""
        body = decode_body(call, _new_key, max_bytes=self._reception.options.max_body_bytes)
        wanted = NewKey(
            name=body.client_name,
            client_id=ClientId(DEFAULT_CLIENT if body.client_id is None else body.client_id),
            scopes=body.scopes or (),
            allowed_cidrs=body.allowed_cidrs or (),
            expires_at=None if body.expires_at is None else ms_of(body.expires_at),
        )
        issued = await self._keys.create(wanted)
        return _issued(201, issued, "API key created successfully")

    async def list(self, call: Call) -> Answer:
        """List keys."""
        client_id = call.query("clientId")
        records = self._keys.list(
            ClientId(client_id) if client_id else None, include_revoked=call.query_flag("includeRevoked")
        )
        now = now_ms()
        return Answer(200, encode(KeysAnswer(keys=[key_view(record, now=now) for record in records])))

    async def get(self, call: Call) -> Answer:
        """Show a key."""
        record = self._keys.get(call.params["id"])
        return Answer(200, encode(KeyAnswer(key=key_view(record, now=now_ms()))))

    async def rotate(self, call: Call) -> Answer:
        """Replace a key."""
        overlap_ms = None
        if call.request.body:
            body = decode_body(call, _rotation, max_bytes=self._reception.options.max_body_bytes)
            overlap_ms = None if body.overlap_seconds is None else int(body.overlap_seconds * 1000)
        issued = await self._keys.rotate(call.params["id"], overlap_ms=overlap_ms)
        return _issued(200, issued, "API key rotated successfully")

    async def revoke(self, call: Call) -> Answer:
        """Revoke a key."""
        await self._keys.revoke(call.params["id"])
        return Answer(200, encode(Done(message="API key revoked successfully")))


def _issued(status: int, issued: IssuedKey, message: str) -> Answer:
    record = issued.record
    body = encode(IssuedKeyAnswer(api_key=issued.key, key_id=record.id, client_name=record.name, message=message))
    location = b"/api/keys/" + record.id.encode("ascii")
    # The key is shown this once: no cache may keep it.
    return Answer(status, body, headers=((b"Cache-Control", b"no-store"), (b"Location", location)))
