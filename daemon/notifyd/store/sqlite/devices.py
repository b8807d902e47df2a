"""Devices in records.db, always synced: a push token that has moved must not reach its earlier user again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.device import Device
from notifyd.model.ids import ClientId, DeviceId, UserId
from notifyd.store.sqlite.connection import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from notifyd.bridge.worker import ThreadWorker

    DeviceRow = tuple[str, str, str, str, int, int]

_COLUMNS: Final = "id, client, user, token, created_at, seen_at"

_REGISTER: Final = f"""INSERT INTO devices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (client, token) DO UPDATE SET user = excluded.user, seen_at = excluded.seen_at
    RETURNING {_COLUMNS}"""

# The one that was just registered stays, whatever the clocks say.
_TRIM: Final = """DELETE FROM devices WHERE rowid IN (SELECT rowid FROM devices
    WHERE client = ? AND user = ? AND id != ? ORDER BY seen_at DESC, rowid DESC LIMIT -1 OFFSET ?)"""

_OF_USERS: Final = f"""SELECT {_COLUMNS} FROM devices
    WHERE client = ? AND user IN (SELECT value FROM json_each(?)) ORDER BY user, seen_at DESC, rowid DESC"""


class SqliteDevices:
    """A `DeviceStore` on one connection that its worker's thread uses."""

    def __init__(self, connection: sqlite3.Connection, worker: ThreadWorker) -> None:
        self._connection = connection
        self._worker = worker

    async def register(self, device: Device, *, max_per_user: int) -> Device:
        """See `DeviceStore.register`."""
        return await self._worker.run(self._register, device, max_per_user)

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> dict[UserId, list[Device]]:
        """See `DeviceStore.of_users`."""
        return await self._worker.run(self._of_users, client_id, list(user_ids))

    async def list(self, client_id: ClientId, *, user_id: UserId | None = None, limit: int = 1000) -> Sequence[Device]:
        """See `DeviceStore.list`."""
        return await self._worker.run(self._list, client_id, user_id, limit)

    async def remove(self, client_id: ClientId, device_id: DeviceId) -> Device | None:
        """See `DeviceStore.remove`."""
        return await self._worker.run(self._remove, client_id, "id", device_id)

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        """See `DeviceStore.remove_token`."""
        return await self._worker.run(self._remove, client_id, "token", token) is not None

    def _register(self, device: Device, max_per_user: int) -> Device:
        with transaction(self._connection) as connection:
            kept = _device(connection.execute(_REGISTER, msgspec.structs.astuple(device)).fetchall()[0])
            connection.execute(_TRIM, (kept.client_id, kept.user_id, kept.id, max_per_user - 1))
        return kept

    def _of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> dict[UserId, list[Device]]:
        found: dict[UserId, list[Device]] = {}
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


def _device(row: DeviceRow) -> Device:
    device_id, client_id, user_id, token, created_at, seen_at = row
    return Device(DeviceId(device_id), ClientId(client_id), UserId(user_id), token, created_at, seen_at)
