"""API keys in MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from notifyd.errors import NotFound
from notifyd.model.key import ApiKey
from notifyd.store.mongo.documents import document_of, record_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from notifyd.bridge.worker import ThreadWorker
    from notifyd.model.ids import KeyId
    from notifyd.store.mongo.removed import Removed
    from notifyd.store.mongo.revision import Revision


class MongoKeys:
    """A `KeyStore` in the collection `keys`."""

    def __init__(
        self, database: Database[dict[str, Any]], worker: ThreadWorker, revision: Revision, removed: Removed
    ) -> None:
        self._keys = database.keys
        self._worker = worker
        self._revision = revision
        self._removed = removed

    async def load(self) -> list[ApiKey]:
        """See `KeyStore.load`."""
        return await self._worker.run(self._load)

    async def put(self, *keys: ApiKey) -> None:
        """See `KeyStore.put`."""
        await self._worker.run(self._put, keys)

    async def touch(self, last_used: dict[KeyId, int]) -> None:
        """See `KeyStore.touch`."""
        await self._worker.run(self._touch, dict(last_used))

    async def remove(self, key_id: KeyId) -> None:
        """See `KeyStore.remove`."""
        await self._worker.run(self._remove, key_id)

    def _load(self) -> list[ApiKey]:
        return [record_in(document, ApiKey) for document in self._keys.find(sort=[("_id", 1)])]

    def _put(self, keys: Sequence[ApiKey]) -> None:
        if not keys:
            return
        with self._revision.change():
            self._keys.bulk_write([_replacement(key) for key in keys], ordered=False)
            gone = self._removed.among(key.client_id for key in keys)
            if gone:
                self._keys.delete_many({"client_id": {"$in": list(gone)}})
        if gone:
            raise NotFound(f"there is no client {min(gone)!r} any more", code="client_not_found")

    def _touch(self, last_used: dict[KeyId, int]) -> None:
        if last_used:
            later = [UpdateOne({"_id": key_id}, {"$max": {"last_used_at": at}}) for key_id, at in last_used.items()]
            self._keys.bulk_write(later, ordered=False)

    def _remove(self, key_id: KeyId) -> None:
        with self._revision.change():
            self._keys.delete_one({"_id": key_id})


def _replacement(key: ApiKey) -> UpdateOne:
    """Every field as it is in *key*, but that the last use never becomes an older one, and revoked is revoked."""
    fields = document_of(key)
    key_id, used = fields.pop("_id"), fields.pop("last_used_at")
    change = {"$set": fields}
    if used is not None:
        change["$max"] = {"last_used_at": used}
    if key.revoked_at is None:
        change["$setOnInsert"] = {"revoked_at": fields.pop("revoked_at")}
    return UpdateOne({"_id": key_id}, change, upsert=True)
