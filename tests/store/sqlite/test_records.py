"""The file of clients, keys and devices, and how it came to be."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio
import trio.testing

from notifyd.errors import StoreUnavailable
from notifyd.model.client import Client
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, DeviceId, KeyId, UserId
from notifyd.model.key import ApiKey
from notifyd.store.sqlite import connection
from notifyd.store.sqlite.connection import open_database, transaction
from notifyd.store.sqlite.devices import _RIVALS
from notifyd.store.sqlite.records import open_sqlite_records

if TYPE_CHECKING:
    from pathlib import Path

KEY = ApiKey(KeyId("key_1"), DEFAULT_CLIENT, "Zoë", "ab" * 32, ("publish:*",), 1000)
CLIENT = Client(ClientId("shop"), "shop", "v1.sealed", 1)
DEVICE = Device(DeviceId("dev_1"), CLIENT.id, UserId("ann"), "token", 1, 1)

#: What the first release made.
VERSION_1 = f"""
CREATE TABLE keys (id TEXT PRIMARY KEY, record TEXT NOT NULL, last_used_at INTEGER) STRICT, WITHOUT ROWID;
PRAGMA application_id={0x4E544659}; PRAGMA user_version=1; PRAGMA journal_mode=WAL;"""

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
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript(VERSION_1)
    old.execute("INSERT INTO keys VALUES ('key_1', ?, 1700)", (ROW,))
    old.close()
    records = await open_sqlite_records(path)
    assert await records.keys.load() == [msgspec.structs.replace(KEY, last_used_at=1700)]
    await records.clients.put(CLIENT)
    await records.close()
    reopened = sqlite3.connect(path)
    assert reopened.execute("PRAGMA user_version").fetchone() == (3,)
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


async def test_devices_that_are_registered_at_once_share_transactions(path: Path) -> None:
    records = await open_sqlite_records(path)
    begun: list[str] = []
    records._connection.set_trace_callback(lambda sql: begun.append(sql) if sql.startswith("BEGIN") else None)
    async with trio.open_nursery() as nursery:
        for n in range(100):
            wanted = msgspec.structs.replace(DEVICE, id=DeviceId(f"d{n}"), token=f"t{n}")
            nursery.start_soon(partial(records.devices.register, wanted, max_per_user=100))
    assert len(await records.devices.list(CLIENT.id)) == 100
    assert len(begun) <= 2
    await records.close()


async def test_when_registering_fails_everybody_learns_of_it_and_can_try_again(path: Path) -> None:
    records = await open_sqlite_records(path)
    records._connection.execute("CREATE TRIGGER no BEFORE INSERT ON devices BEGIN SELECT RAISE(ABORT, 'no'); END")
    refused = []

    async def register() -> None:
        try:
            await records.devices.register(DEVICE, max_per_user=1)
        except StoreUnavailable as exc:
            refused.append(exc.message)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(register)
    assert len(refused) == 5
    records._connection.execute("DROP TRIGGER no")
    assert await records.devices.register(DEVICE, max_per_user=1) == DEVICE
    await records.close()


async def test_who_gave_up_waiting_is_not_registered(path: Path) -> None:
    records = await open_sqlite_records(path)
    other = msgspec.structs.replace(DEVICE, id=DeviceId("other"), user_id=UserId("bob"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(records.devices.register, DEVICE, max_per_user=1))
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as scope:
            scope.cancel()
            await records.devices.register(other, max_per_user=1)
    assert [device.user_id for device in await records.devices.list(CLIENT.id)] == ["ann"]
    await records.devices.register(msgspec.structs.replace(DEVICE, id=DeviceId("d2"), token="t2"), max_per_user=5)
    assert {device.user_id for device in await records.devices.list(CLIENT.id)} == {"ann"}
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


async def test_another_process_sees_that_something_has_changed(path: Path) -> None:
    mine, theirs = await open_sqlite_records(path), await open_sqlite_records(path)
    before = await theirs.revision()
    await mine.keys.put(KEY)
    assert await theirs.revision() != before
    assert await mine.revision() == before, "who made the change need not read it again"
    await mine.close()
    await theirs.close()


def test_rivals_are_found_by_indexes(path: Path) -> None:
    connection = open_database(path, ["records.sql", "records2.sql"])
    plan = str(connection.execute(f"EXPLAIN QUERY PLAN {_RIVALS}", ("[]", "[]")).fetchall())
    assert "devices_by_id (id=?)" in plan
    assert "devices_by_token (client=? AND token=?)" in plan
    assert "SCAN devices" not in plan
    connection.close()


async def test_records_that_failed_are_away_until_a_probe_has_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_MILLISECONDS", 50)
    records = await open_sqlite_records(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await records.keys.put(KEY)
    await records.keys.load()
    assert records.failing_since() is not None, "that it can be read says nothing"
    other.execute("ROLLBACK")
    await records.probe()
    assert records.failing_since() is None
    assert await records.keys.load() == []
    other.close()
    await records.close()
