"""A server that is away, that comes back, and that does not answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
from pymongo import MongoClient
from structlog.testing import capture_logs

from notifyd.errors import StoreUnavailable
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, UserId
from notifyd.store.mongo.connection import THREADS
from notifyd.store.mongo.records import open_mongo_records
from tests.store.mongo.conftest import HASTY_SECONDS, hasty

if TYPE_CHECKING:
    from notifyd.store.mongo.records import MongoRecords
    from tests.mongo_double.server import MongoDouble

SHOP = Client(ClientId("shop"), "shop", "v1.sealed", 1)
OTHER = Client(ClientId("other"), "other", "v1.other", 1)
DEVICE = Device(DeviceId("d"), SHOP.id, UserId("ann"), "token", 1, 1)


async def test_a_server_that_is_away_is_named_in_time_and_without_its_password(double: MongoDouble) -> None:
    double.go()
    with trio.fail_after(10), pytest.raises(StoreUnavailable) as refused:
        await open_mongo_records(f"mongodb://user:geheim@{double.address}/prod", HASTY_SECONDS)
    assert refused.value.message.startswith(f"MongoDB at {double.address} (database prod): ")
    assert "Connection refused" in refused.value.message
    assert "geheim" not in refused.value.message
    assert "Topology" not in refused.value.message


@hasty
async def test_records_are_away_with_the_server_and_come_back_with_it(
    records: MongoRecords, double: MongoDouble
) -> None:
    await records.clients.put(SHOP)
    double.go()
    with pytest.raises(StoreUnavailable) as refused:
        await records.clients.put(OTHER)
    assert refused.value.retry_after_seconds
    assert records.failing_since() is not None
    double.come()
    await until_well(records)
    assert await records.clients.load() == [SHOP]
    await records.clients.put(OTHER)


async def until_well(records: MongoRecords) -> None:
    while records.failing_since() is not None:
        try:
            await records.probe()
        except StoreUnavailable:
            await trio.sleep(0.01)


@hasty
async def test_a_server_that_does_not_answer_is_given_up_in_time_by_everybody_who_waits(
    records: MongoRecords, double: MongoDouble
) -> None:
    double.hold()
    refused = []

    async def register(number: int) -> None:
        device = Device(DeviceId(f"d{number}"), SHOP.id, UserId("ann"), f"t{number}", 1, 1)
        try:
            await records.devices.register(device, max_per_user=5)
        except StoreUnavailable as exc:
            refused.append(exc)

    # one time for those in threads; the others give up waiting for one meanwhile
    async with trio.open_nursery() as nursery:
        for number in range(4 * THREADS):
            nursery.start_soon(register, number)
    assert len(refused) == 4 * THREADS
    double.resume()
    await until_well(records)
    assert await records.clients.load() == []


async def test_a_token_that_two_servers_take_in_at_once_is_one_device(
    records: MongoRecords, double: MongoDouble
) -> None:
    other = await open_mongo_records(double.uri(), 5)
    async with trio.open_nursery() as nursery:
        for number in range(10):
            device = Device(DeviceId(f"d{number}"), SHOP.id, UserId(f"user-{number}"), "token", 1, 1)
            store = (records, other)[number % 2].devices
            nursery.start_soon(partial(store.register, device, max_per_user=1))
    assert len(await other.devices.page()) == 1
    await other.close()


async def test_a_document_that_is_no_record_is_told_by_its_id(records: MongoRecords, double: MongoDouble) -> None:
    with MongoClient[dict[str, Any]](double.uri()) as client:
        client["notifyd"].clients.insert_one({"_id": "shop", "name": 5})
    with pytest.raises(StoreUnavailable, match="a Client that cannot be read, 'shop'") as refused:
        await records.clients.load()
    assert refused.value.code == "store_damaged"


async def test_another_daemon_sees_the_number_rise(records: MongoRecords, double: MongoDouble) -> None:
    other = await open_mongo_records(double.uri(), 5)
    before, mine = await other.revision(), await records.revision()
    await records.clients.put(SHOP)
    assert await other.revision() > before
    assert await records.revision() == mine, "who made the change need not read it again"
    assert await other.clients.load() == [SHOP]
    await other.close()


@hasty
async def test_a_change_whose_outcome_nobody_knows_raises_the_number(
    records: MongoRecords, double: MongoDouble
) -> None:
    """So that everybody looks."""
    before = await records.revision()
    double.hold()
    with pytest.raises(StoreUnavailable):
        await records.clients.put(SHOP)
    double.resume()
    await until_well(records)
    assert await records.revision() > before


@hasty
async def test_a_change_that_is_kept_and_could_not_be_counted_has_succeeded(
    records: MongoRecords, double: MongoDouble
) -> None:
    before = await records.revision()
    # the number before, an older mark of its removal, itself; not the number after
    double.hold(after=3)
    with capture_logs() as logs:
        await records.clients.put(SHOP)
    double.resume()
    assert [entry["event"] for entry in logs] == ["records_change_not_counted"]
    assert await records.clients.load() == [SHOP]
    assert await records.revision() != before, "everybody reads again"


@pytest.mark.parametrize("trouble", ["go", "hold"])
async def test_records_are_let_go_of_in_time_whatever_the_server_does(double: MongoDouble, trouble: str) -> None:
    records = await open_mongo_records(double.uri(), HASTY_SECONDS)
    getattr(double, trouble)()
    with trio.fail_after(10):
        await records.close()
