"""What two daemons do at once to a client that is being removed, and what a crash leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from notifyd.errors import NotFound
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey
from notifyd.store.mongo.records import open_mongo_records
from notifyd.store.mongo.removed import Removed

if TYPE_CHECKING:
    from notifyd.store.mongo.records import MongoRecords
    from tests.mongo_double.server import MongoDouble

SHOP = Client(ClientId("shop"), "shop", "v1.sealed", 1)
KEY = ApiKey(KeyId("k"), SHOP.id, "k", "ab" * 32, (), 1)
DEVICE = Device(DeviceId("d"), SHOP.id, UserId("ann"), "token", 1, 1)


async def fill(records: MongoRecords) -> None:
    await records.clients.put(SHOP)
    await records.keys.put(KEY)
    await records.devices.register(DEVICE, max_per_user=1)


async def test_what_another_daemon_keeps_for_a_removed_client_does_not_stay(records: MongoRecords) -> None:
    await fill(records)
    await records.clients.remove(SHOP.id)
    with pytest.raises(NotFound, match="no client 'shop' any more"):
        await records.keys.put(KEY)
    with pytest.raises(NotFound, match="no client 'shop' any more"):
        await records.devices.register(DEVICE, max_per_user=1)
    assert await records.keys.load() == []
    assert await records.devices.page() == []


async def test_a_removal_that_broke_off_leaves_nothing_that_works_and_is_finished_later(
    records: MongoRecords, double: MongoDouble
) -> None:
    await fill(records)
    with MongoClient[dict[str, Any]](double.uri()) as client:
        Removed(client["notifyd"]).mark(SHOP.id)
    assert await records.clients.load() == []
    again = await open_mongo_records(double.uri(), 5)
    assert await again.keys.load() == []
    assert await again.devices.page() == []
    await again.close()


async def test_a_client_that_is_put_again_is_there(records: MongoRecords) -> None:
    await fill(records)
    await records.clients.remove(SHOP.id)
    await fill(records)
    assert await records.clients.load() == [SHOP]
    assert await records.keys.load() == [KEY]
