"""Devices in records.db, always synced: a push token that has moved must not reach its earlier user again."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, UserId
from notifyd.store.sqlite.connection import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from notifyd.bridge.worker import ThreadWorker

    DeviceRow = tuple[str, str, str, str, int, int]
    ByUser = dict[UserId, list[Device]]

_COLUMNS: Final = "id, client, user, token, created_at, seen_at"

_REGISTER: Final = f"""INSERT INTO devices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (client, token) DO UPDATE SET user = excluded.user, seen_at = excluded.seen_at
    RETURNING {_COLUMNS}"""

# The one that was just registered stays, whatever the clocks say.
_TRIM: Final = """DELETE FROM devices WHERE rowid IN (SELECT rowid FROM devices
    WHERE client = ? AND user = ? AND id != ? ORDER BY seen_at DESC, rowid DESC LIMIT -1 OFFSET ?)"""

_OF_USERS: Final = f"""SELECT {_COLUMNS} FROM devices
    WHERE client = ? AND user IN (SELECT value FROM json_each(?)) ORDER BY user, seen_at DESC, rowid DESC"""

# Each half by its own index.
_RIVALS: Final = f"""SELECT {_COLUMNS} FROM devices WHERE id IN (SELECT value FROM json_each(?))
    UNION SELECT {", ".join(f"devices.{name}" for name in _COLUMNS.split(", "))} FROM json_each(?) AS named
    CROSS JOIN devices ON client = json_extract(named.value, '$[0]')
    AND token = json_extract(named.value, '$[1]')"""

#: Registered in one transaction at most.
_MOST_TOGETHER: Final = 500


class _Registration:
    """One call of `register`, and what came of it."""

    __slots__ = ("device", "max_per_user", "outcome")

    def __init__(self, device: Device, max_per_user: int) -> None:
        self.device = device
        self.max_per_user = max_per_user
        self.outcome: Device | StoreUnavailable | None = None

    def result(self) -> Device:
        """What is kept."""
        if isinstance(self.outcome, Device):
            return self.outcome
        raise self.outcome or StoreUnavailable("the device was not registered")


class SqliteDevices:
    """A `DeviceStore` on one connection that its worker's thread uses."""

    def __init__(self, connection: sqlite3.Connection, worker: ThreadWorker) -> None:
        self._connection = connection
        self._worker = worker
        # When many connect at once, those who wait for a transaction share the next one and its sync. In the order in
        # which the lock is given, so that who gets it is the first of those who wait.
        self._waiting: dict[_Registration, None] = {}
        self._registering = trio.Lock()

    async def register(self, device: Device, *, max_per_user: int) -> Device:
        """See `DeviceStore.register`."""
        mine = _Registration(device, max_per_user)
        self._waiting[mine] = None
        try:
            async with self._registering:
                if mine.outcome is None:
                    await self._register_waiting()
        finally:
            self._waiting.pop(mine, None)
        return mine.result()

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> ByUser:
        """See `DeviceStore.of_users`."""
        return await self._worker.run(self._of_users, client_id, list(user_ids))

    async def remove(self, client_id: ClientId, device_id: DeviceId) -> Device | None:
        """See `DeviceStore.remove`."""
        return await self._worker.run(self._remove, client_id, "id", device_id)

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        """See `DeviceStore.remove_token`."""
        return await self._worker.run(self._remove, client_id, "token", token) is not None

    async def list(self, client_id: ClientId, *, user_id: UserId | None = None, limit: int = 1000) -> Sequence[Device]:
        """See `DeviceStore.list`."""
        return await self._worker.run(self._list, client_id, user_id, limit)

    async def page(self, after: DeviceId | None = None, *, limit: int = 1000) -> Sequence[Device]:
        """See `DeviceStore.page`."""
        return await self._worker.run(self._page, after or "", limit)

    async def rivals(self, devices: Sequence[Device]) -> Sequence[Device]:
        """See `DeviceStore.rivals`."""
        return await self._worker.run(self._rivals, devices)

    async def put(self, devices: Sequence[Device]) -> None:
        """See `DeviceStore.put`."""
        await self._worker.run(self._put, devices)

    async def _register_waiting(self) -> None:
        together = list(islice(self._waiting, _MOST_TOGETHER))
        outcomes: Sequence[Device | StoreUnavailable]
        try:
            outcomes = await self._worker.run(self._register, together)
        except StoreUnavailable as exc:
            outcomes = [exc] * len(together)
        for registration, outcome in zip(together, outcomes, strict=True):
            registration.outcome = outcome
            self._waiting.pop(registration, None)

    def _register(self, registrations: Sequence[_Registration]) -> Sequence[Device]:
        kept = []
        with transaction(self._connection) as connection:
            for wanted in registrations:
                device = _device(connection.execute(_REGISTER, msgspec.structs.astuple(wanted.device)).fetchall()[0])
                connection.execute(_TRIM, (device.client_id, device.user_id, device.id, wanted.max_per_user - 1))
                kept.append(device)
        return kept

    def _of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> ByUser:
        found: ByUser = {}
        for row in self._connection.execute(_OF_USERS, (client_id, msgspec.json.encode(user_ids).decode())):
            device = _device(row)
            found.setdefault(device.user_id, []).append(device)
        return found

    def _list(self, client_id: ClientId, user_id: UserId | None, limit: int) -> Sequence[Device]:
        of_user = "" if user_id is None else "AND user = ?"
        named = (client_id,) if user_id is None else (client_id, user_id)
        rows = self._connection.execute(
            f"""SELECT {_COLUMNS} FROM devices WHERE client = ? {of_user}
            ORDER BY user, seen_at DESC, rowid DESC LIMIT ?""",
            (*named, limit),
        )
        return [_device(row) for row in rows]

    def _remove(self, client_id: ClientId, column: str, value: str) -> Device | None:
        rows = self._connection.execute(
            f"DELETE FROM devices WHERE client = ? AND {column} = ? RETURNING {_COLUMNS}", (client_id, value)
        ).fetchall()
        return _device(rows[0]) if rows else None

    def _page(self, after: str, limit: int) -> Sequence[Device]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM devices WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [_device(row) for row in rows]

    def _rivals(self, devices: Sequence[Device]) -> Sequence[Device]:
        return [_device(row) for row in self._connection.execute(_RIVALS, _names(devices))]

    def _put(self, devices: Sequence[Device]) -> None:
        with transaction(self._connection) as connection:
            connection.execute(f"DELETE FROM devices WHERE id IN (SELECT id FROM ({_RIVALS}))", _names(devices))
            rows = [msgspec.structs.astuple(device) for device in devices]
            connection.executemany(f"INSERT INTO devices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)


def _names(devices: Sequence[Device]) -> tuple[str, str]:
    """The parameters of `_RIVALS`."""
    ids = [device.id for device in devices]
    tokens = [(device.client_id, device.token) for device in devices]
    return msgspec.json.encode(ids).decode(), msgspec.json.encode(tokens).decode()


def _device(row: DeviceRow) -> Device:
    device_id, client_id, user_id, token, created_at, seen_at = row
    return Device(DeviceId(device_id), ClientId(client_id), UserId(user_id), token, created_at, seen_at)
