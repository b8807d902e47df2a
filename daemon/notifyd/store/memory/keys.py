"""API keys that are forgotten with the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, KeyId
    from notifyd.model.key import ApiKey


class MemoryKeys:
    """A `KeyStore` in a dict."""

    def __init__(self) -> None:
        self._keys: dict[KeyId, ApiKey] = {}
        #: How often they were changed; last uses do not count.
        self.changes = 0

    async def load(self) -> list[ApiKey]:
        """See `KeyStore.load`."""
        await trio.lowlevel.checkpoint()
        return list(self._keys.values())

    async def put(self, *keys: ApiKey) -> None:
        """See `KeyStore.put`."""
        await trio.lowlevel.checkpoint()
        for given in keys:
            key, known = given, self._keys.get(given.id)
            if known is not None and key.revoked_at is None:
                key = msgspec.structs.replace(key, revoked_at=known.revoked_at)
            self._keys[key.id] = key
            if known is not None and known.last_used_at is not None:
                self._use(key.id, known.last_used_at)
        self.changes += 1

    async def touch(self, last_used: dict[KeyId, int]) -> None:
        """See `KeyStore.touch`."""
        await trio.lowlevel.checkpoint()
        for key_id, used_at in last_used.items():
            self._use(key_id, used_at)

    async def remove(self, key_id: KeyId) -> None:
        """See `KeyStore.remove`."""
        await trio.lowlevel.checkpoint()
        self._keys.pop(key_id, None)
        self.changes += 1

    def forget_client(self, client_id: ClientId) -> None:
        """A client goes, and its keys with it."""
        self._keys = {key_id: key for key_id, key in self._keys.items() if key.client_id != client_id}

    def _use(self, key_id: KeyId, used_at: int) -> None:
        key = self._keys.get(key_id)
        if key is not None and (key.last_used_at is None or key.last_used_at < used_at):
            self._keys[key_id] = msgspec.structs.replace(key, last_used_at=used_at)
