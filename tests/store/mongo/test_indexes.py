"""What is made at start, and what is in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from notifyd.errors import StoreUnavailable
from notifyd.store.mongo.records import open_mongo_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from tests.mongo_double.server import MongoDouble

PATIENCE_SECONDS = 5.0


@pytest.fixture
def database(double: MongoDouble) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](double.uri("prod")) as client:
        yield client["prod"]


async def test_indexes_are_made_once(double: MongoDouble, database: Database[dict[str, Any]]) -> None:
    for _ in range(2):
        await (await open_mongo_records(double.uri("prod"), PATIENCE_SECONDS)).close()
    devices = {index["name"]: index for index in database.devices.list_indexes()}
    assert devices["devices_by_token"]["unique"]
    assert list(devices["devices_by_token"]["key"]) == ["client_id", "token"]
    assert list(devices["devices_by_user"]["key"]) == ["client_id", "user_id", "seen_at", "order"]
    (aged,) = database.removed.list_indexes()
    assert (dict(aged["key"]), aged["expireAfterSeconds"]) == ({"at": 1}, 86_400)


async def test_an_index_of_other_options_is_told_with_what_to_do(
    double: MongoDouble, database: Database[dict[str, Any]]
) -> None:
    database.devices.create_index([("client_id", 1), ("token", 1)], name="devices_by_token")
    with pytest.raises(StoreUnavailable, match=r"database prod has an index on devices .*dropIndex") as refused:
        await open_mongo_records(double.uri("prod"), PATIENCE_SECONDS)
    assert "devices_by_token" in refused.value.message


async def test_doubles_that_an_index_would_forbid_are_told(
    double: MongoDouble, database: Database[dict[str, Any]]
) -> None:
    database.meta.insert_one({"_id": "schema", "version": 1})
    database.devices.insert_many(
        [{"_id": "a", "client_id": "c", "token": "t"}, {"_id": "b", "client_id": "c", "token": "t"}]
    )
    with pytest.raises(StoreUnavailable, match="holds devices that devices_by_token would forbid"):
        await open_mongo_records(double.uri("prod"), PATIENCE_SECONDS)


@pytest.mark.parametrize("collection", ["clients", "keys", "devices"])
async def test_the_database_of_another_program_is_left_as_it_is(
    double: MongoDouble, database: Database[dict[str, Any]], collection: str
) -> None:
    database[collection].insert_one({"appName": "theirs", "clientSecret": "plain"})
    with pytest.raises(StoreUnavailable, match=rf"database prod holds {collection} of another program") as refused:
        await open_mongo_records(double.uri("prod"), PATIENCE_SECONDS)
    assert refused.value.code == "store_foreign"
    assert database.meta.find_one() is None


async def test_the_layout_of_a_newer_version_is_left_alone(
    double: MongoDouble, database: Database[dict[str, Any]]
) -> None:
    database.meta.insert_one({"_id": "schema", "version": 2})
    with pytest.raises(StoreUnavailable, match="written by a newer version") as refused:
        await open_mongo_records(double.uri("prod"), PATIENCE_SECONDS)
    assert refused.value.code == "store_too_new"
