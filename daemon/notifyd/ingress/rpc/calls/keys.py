"""API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.ingress.rpc.seconds import milliseconds_of
from notifyd.service.access.keys import IssuedKey, KeyRights, Keys, NewKey
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.wire.rpc.messages import any_client_of, client_of, instant_of, key_message

if TYPE_CHECKING:
    from notifyd.model.key import ApiKey


class KeyCalls:
    """Create, list, show, update, rotate, revoke."""

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

    async def update_key(self, request: pb.UpdateKeyRequest) -> types_pb2.ApiKey:
        """Give a key other rights."""
        rights = KeyRights(
            scopes=tuple(request.scopes),
            allowed_cidrs=tuple(request.allowed_cidrs),
            expires_at=instant_of(request, "expires_at"),
        )
        return _record(await self._keys.update(request.id, rights))

    async def rotate_key(self, request: pb.RotateKeyRequest) -> pb.IssuedKey:
        """Give a record a new key."""
        overlap_ms = milliseconds_of(request, "overlap_seconds")
        return _issued(await self._keys.rotate(request.id, overlap_ms=overlap_ms))

    async def revoke_key(self, request: pb.RevokeKeyRequest) -> types_pb2.ApiKey:
        """End a key."""
        return _record(await self._keys.revoke(request.id))


def _record(key: ApiKey) -> types_pb2.ApiKey:
    return key_message(key, now=now_ms())


def _issued(issued: IssuedKey) -> pb.IssuedKey:
    return pb.IssuedKey(key=issued.key, record=_record(issued.record))
