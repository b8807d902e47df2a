"""API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.errors import Invalid
from notifyd.service.keys import IssuedKey, Keys, NewKey
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.wire.rpc import any_client_of, client_of, instant_of, key_message

if TYPE_CHECKING:
    from notifyd.model.key import ApiKey

#: About thirty years; a longer overlap is a mistake in the unit.
_MAX_OVERLAP_SECONDS = 1e9


class KeyCalls:
    """Create, list, show, rotate, revoke."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def create_key(self, request: pb.CreateKeyRequest) -> pb.IssuedKey:
        """Make a key."""
        wanted = NewKey(
            name=request.name,
            client_id=client_of(request.client_id),
            scopes=tuple(request.scopes),
            allowed_cidrs=tuple(request.allowed_cidrs),
            expires_at=instant_of(request, "expires_at"),
        )
        return _issued(await self._keys.create(wanted))

    async def list_keys(self, request: pb.ListKeysRequest) -> pb.ListKeysResponse:
        """The records."""
        found = self._keys.list(any_client_of(request.client_id), include_revoked=request.include_revoked)
        return pb.ListKeysResponse(keys=map(_record, found))

    async def get_key(self, request: pb.GetKeyRequest) -> types_pb2.ApiKey:
        """One record."""
        return _record(self._keys.get(request.id))

    async def rotate_key(self, request: pb.RotateKeyRequest) -> pb.IssuedKey:
        """Give a record a new key."""
        overlap_ms = None
        if request.HasField("overlap_seconds"):
            if not 0 <= request.overlap_seconds <= _MAX_OVERLAP_SECONDS:
                raise Invalid(f"overlap_seconds must be 0 to {_MAX_OVERLAP_SECONDS:g}")
            overlap_ms = round(request.overlap_seconds * 1000)
        return _issued(await self._keys.rotate(request.id, overlap_ms=overlap_ms))

    async def revoke_key(self, request: pb.RevokeKeyRequest) -> types_pb2.ApiKey:
        """End a key."""
        return _record(await self._keys.revoke(request.id))


def _record(key: ApiKey) -> types_pb2.ApiKey:
    return key_message(key, now=now_ms())


def _issued(issued: IssuedKey) -> pb.IssuedKey:
    return pb.IssuedKey(key=issued.key, record=_record(issued.record))
