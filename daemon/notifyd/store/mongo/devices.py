"""Devices in MongoDB."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from notifyd.errors import NotFound
from notifyd.model.device import Device
from notifyd.store.mongo.documents import document_of, record_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from notifyd.bridge.worker import ThreadWorker
    from notifyd.model.ids import ClientId, DeviceId, UserId
    from notifyd.store.mongo.removed import Removed

    Document = dict[str, Any]
    Devices = Sequence[Device]
    ByUser = dict[UserId, list[Device]]

#: Beside the record: an ObjectId rises with the time, and tells which of two that were seen at once is the later one.
_ORDER: Final = "order"
_BY_USER: Final = [("user_id", ASCENDING), ("seen_at", DESCENDING), (_ORDER, DESCENDING)]

#: Two that insert the same token at once: one of them meets the other's device when it tries again.
_TRIES: Final = 5


class MongoDevices:
    """A `DeviceStore` in the collection `devices`."""

    def __init__(self, database: Database[Document], worker: ThreadWorker, removed: Removed) -> None:
        self._devices = database.devices
        self._worker = worker
        self._removed = removed

    async def register(self, device: Device, *, max_per_user: int) -> Device:
        """See `DeviceStore.register`."""
        return await self._worker.run(self._register, device, max_per_user)

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> ByUser:
        """See `DeviceStore.of_users`."""
        return await self._worker.run(self._of_users, client_id, user_ids)

    async def list(self, client_id: ClientId, *, user_id: UserId | None = None, limit: int = 1000) -> Devices:
        """See `DeviceStore.list`."""
        named = {"client_id": client_id} if user_id is None else {"client_id": client_id, "user_id": user_id}
        return await self._worker.run(partial(self._find, named, sort=_BY_USER, limit=limit))

    async def remove(self, client_id: ClientId, device_id: DeviceId) -> Device | None:
        """See `DeviceStore.remove`."""
        return await self._worker.run(self._remove, {"_id": device_id, "client_id": client_id})

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        """See `DeviceStore.remove_token`."""
        return await self._worker.run(self._remove, {"client_id": client_id, "token": token}) is not None

    async def page(self, after: DeviceId | None = None, *, limit: int = 1000) -> Devices:
        """See `DeviceStore.page`."""
        behind = {} if after is None else {"_id": {"$gt": after}}
        return await self._worker.run(partial(self._find, behind, sort=[("_id", ASCENDING)], limit=limit))

    async def rivals(self, devices: Devices) -> Devices:
        """See `DeviceStore.rivals`."""
        return await self._worker.run(self._rivals, devices)

    async def put(self, devices: Devices) -> None:
        """See `DeviceStore.put`."""
        await self._worker.run(self._put, devices)

    def _register(self, device: Device, max_per_user: int) -> Device:
        kept = self._take_over(device)
        of_user = {"client_id": kept.client_id, "user_id": kept.user_id}
        # The one that was just registered stays, whatever the clocks say.
        others = {**of_user, "_id": {"$ne": kept.id}}
        excess = self._devices.find(others, {"_id": 1}, sort=_BY_USER, skip=max_per_user - 1)
        if gone := [found["_id"] for found in excess]:
            # not those that have become another user's meanwhile
            self._devices.delete_many({**of_user, "_id": {"$in": gone}})
        if self._removed.among([kept.client_id]):
            self._devices.delete_many({"client_id": kept.client_id})
            raise NotFound(f"there is no client {kept.client_id!r} any more", code="client_not_found")
        return kept

    def _take_over(self, device: Device) -> Device:
        """Insert it, or let the device of the same token have its user: one document, at once."""
        new = {"_id": device.id, "created_at": device.created_at, _ORDER: ObjectId()}
        change = {"$set": {"user_id": device.user_id, "seen_at": device.seen_at}, "$setOnInsert": new}
        token = {"client_id": device.client_id, "token": device.token}
        for again in reversed(range(_TRIES)):
            try:
                document = self._devices.find_one_and_update(
                    token, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                if not again:
                    raise
            else:
                assert document is not None, "what is inserted where it is missing is there"
                return record_in(document, Device)
        raise AssertionError("the last try returns or raises")

    def _of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> ByUser:
        found: ByUser = {}
        if user_ids:
            for device in self._find({"client_id": client_id, "user_id": {"$in": list(user_ids)}}, sort=_BY_USER):
                found.setdefault(device.user_id, []).append(device)
        return found

    def _find(self, named: Document, *, sort: Sequence[tuple[str, int]], limit: int = 0) -> Devices:
        return [record_in(document, Device) for document in self._devices.find(named, sort=sort, limit=limit)]

    def _remove(self, named: Document) -> Device | None:
        document = self._devices.find_one_and_delete(named)
        return None if document is None else record_in(document, Device)

    def _rivals(self, devices: Devices) -> Devices:
        if not devices:
            return []
        tokens: dict[ClientId, list[str]] = {}
        for device in devices:
            tokens.setdefault(device.client_id, []).append(device.token)
        by_token = [{"client_id": client_id, "token": {"$in": held}} for client_id, held in tokens.items()]
        return self._find({"$or": [{"_id": {"$in": [device.id for device in devices]}}, *by_token]}, sort=[("_id", 1)])

    def _put(self, devices: Devices) -> None:
        kept = {device.id: device for device in self._rivals(devices)}
        others = [device for device in devices if kept.get(device.id) != device]
        if not others:
            return
        # A crash between both loses devices that the import, which puts them, is to be repeated for.
        in_the_way = [device.id for device in self._rivals(others)]
        self._devices.delete_many({"_id": {"$in": in_the_way}})
        self._devices.insert_many([{**document_of(device), _ORDER: ObjectId()} for device in others], ordered=False)
