"""API keys in records.db, always synced: a revoked key must stay revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.key import ApiKey

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from notifyd.bridge.worker import ThreadWorker
    from notifyd.model.ids import KeyId
    from notifyd.store.sqlite.revision import Revision

_PUT: Final = """INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
    SET record = iif(json_extract(excluded.record, '$.revoked_at') IS NULL,
        json_set(excluded.record, '$.revoked_at', json_extract(record, '$.revoked_at')), excluded.record),
    last_used_at = max(ifnull(last_used_at, excluded.last_used_at), ifnull(excluded.last_used_at, last_used_at))"""


class SqliteKeys:
    """A `KeyStore` on one connection that its worker's thread uses."""

    def __init__(self, connection: sqlite3.Connection, worker: ThreadWorker, revision: Revision) -> None:
        self._connection = connection
        self._worker = worker
        self._revision = revision

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
        rows = self._connection.execute("SELECT record, last_used_at FROM keys ORDER BY id").fetchall()
        decoder = msgspec.json.Decoder(ApiKey)
        return [msgspec.structs.replace(decoder.decode(record), last_used_at=used) for record, used in rows]

    def _put(self, keys: Sequence[ApiKey]) -> None:
        with self._revision.change() as connection:
            connection.executemany(_PUT, map(_row, keys))

    def _touch(self, last_used: dict[KeyId, int]) -> None:
        # one statement, so that it is one transaction and one sync
        self._connection.execute(
            """UPDATE keys SET last_used_at = max(ifnull(last_used_at, 0), used.value)
            FROM json_each(?) AS used WHERE keys.id = used.key""",
            (msgspec.json.encode(last_used).decode(),),
        )

    def _remove(self, key_id: KeyId) -> None:
        with self._revision.change() as connection:
            connection.execute("DELETE FROM keys WHERE id = ?", (key_id,))


def _row(key: ApiKey) -> tuple[KeyId, str, int | None]:
    record = msgspec.json.encode(msgspec.structs.replace(key, last_used_at=None)).decode()
    return key.id, record, key.last_used_at
