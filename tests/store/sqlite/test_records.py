"""The file of clients, keys and devices, and how it came to be."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey
from notifyd.store.sqlite.connection import open_database, transaction
from notifyd.store.sqlite.records import open_sqlite_records

if TYPE_CHECKING:
    from pathlib import Path

KEY = ApiKey(KeyId("key_1"), DEFAULT_CLIENT, "Zoë", "ab" * 32, ("publish:*",), 1000)
CLIENT = Client(ClientId("shop"), "shop", "v1.sealed", 1)
DEVICE = Device(DeviceId("dev_1"), CLIENT.id, UserId("ann"), "token", 1, 1)

#: A row as version 1 of the schema kept it.
ROW = (
    '{"id":"key_1","client_id":"default","name":"Zoë","digest":"' + "ab" * 32 + '","scopes":["publish:*"],'
    '"created_at":1000,"expires_at":null,"allowed_cidrs":[],"revoked_at":null,"last_used_at":null,'
    '"previous_digest":"","previous_until":null}'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


async def test_a_file_of_version_1_is_brought_up_with_what_it_holds(path: Path) -> None:
    old = open_database(path, ["records.sql"], synced=True)
    old.execute("INSERT INTO keys VALUES ('key_1', ?, 1700)", (ROW,))
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.close()
    records = await open_sqlite_records(path)
    assert [key.last_used_at for key in await records.keys.load()] == [1700]
    await records.keys.put(KEY)
    await records.clients.put(CLIENT)
    await records.close()
    reopened = sqlite3.connect(path)
    assert reopened.execute("PRAGMA user_version").fetchone() == (2,)
    assert reopened.execute("SELECT count(*) FROM keys").fetchone() == (1,)
    reopened.close()


async def test_everything_is_there_after_a_restart(path: Path) -> None:
    records = await open_sqlite_records(path)
    await records.keys.put(KEY)
    await records.clients.put(CLIENT)
    await records.devices.register(DEVICE, max_per_user=1)
    await records.close()
    again = await open_sqlite_records(path)
    assert await again.keys.load() == [KEY]
    assert await again.clients.load() == [CLIENT]
    assert await again.devices.list(CLIENT.id) == [DEVICE]
    await again.close()


async def test_a_client_is_removed_with_all_of_it_or_not_at_all(path: Path) -> None:
    records = await open_sqlite_records(path)
    await records.clients.put(CLIENT)
    await records.devices.register(DEVICE, max_per_user=1)
    saboteur = sqlite3.connect(path)
    saboteur.execute("CREATE TRIGGER no BEFORE DELETE ON clients BEGIN SELECT RAISE(ABORT, 'no'); END")
    saboteur.close()
    with pytest.raises(StoreUnavailable, match="no"):
        await records.clients.remove(CLIENT.id)
    assert await records.devices.list(CLIENT.id) == [DEVICE]
    await records.close()


def put_twice(connection: sqlite3.Connection, verb: str) -> None:
    with transaction(connection):
        for _ in range(2):
            connection.execute(f"{verb} INTO keys VALUES ('a', 'b', 1)")


def test_a_transaction_that_failed_leaves_nothing_behind(path: Path) -> None:
    connection = open_database(path, ["records.sql"])
    with pytest.raises(sqlite3.IntegrityError):
        put_twice(connection, "INSERT")
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)
    connection.close()


def test_a_transaction_that_sqlite_ended_itself_is_over_too(path: Path) -> None:
    connection = open_database(path, ["records.sql"])
    with pytest.raises(sqlite3.IntegrityError):
        put_twice(connection, "INSERT OR ROLLBACK")
    assert not connection.in_transaction
    connection.close()


def test_users_devices_are_found_by_an_index(path: Path) -> None:
    connection = open_database(path, ["records.sql", "records2.sql"])
    plan = connection.execute(
        """EXPLAIN QUERY PLAN SELECT id FROM devices
        WHERE client = 'a' AND user IN (SELECT value FROM json_each('["u"]')) ORDER BY user, seen_at DESC"""
    ).fetchall()
    assert "SEARCH devices USING INDEX devices_by_user (client=? AND user=?)" in str(plan)
    connection.close()
