"""Clients in records.db, always synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.model.client import Client

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from notifyd.bridge.worker import ThreadWorker
    from notifyd.model.ids import ClientId
    from notifyd.store.sqlite.revision import Revision


class SqliteClients:
    """A `ClientStore` on one connection that its worker's thread uses."""

    def __init__(self, connection: sqlite3.Connection, worker: ThreadWorker, revision: Revision) -> None:
        self._connection = connection
        self._worker = worker
        self._revision = revision

    async def load(self) -> list[Client]:
        """See `ClientStore.load`."""
        return await self._worker.run(self._load)

    async def put(self, *clients: Client) -> None:
        """See `ClientStore.put`."""
        await self._worker.run(self._put, clients)

    async def replace(self, client: Client) -> bool:
        """See `ClientStore.replace`."""
        return await self._worker.run(self._replace, client)

    async def remove(self, client_id: ClientId) -> None:
        """See `ClientStore.remove`."""
        await self._worker.run(self._remove, client_id)

    def _load(self) -> list[Client]:
        decoder = msgspec.json.Decoder(Client)
        rows = self._connection.execute("SELECT record FROM clients ORDER BY id").fetchall()
        return [decoder.decode(record) for (record,) in rows]

    def _put(self, clients: Sequence[Client]) -> None:
        rows = [(client.id, msgspec.json.encode(client).decode()) for client in clients]
        with self._revision.change() as connection:
            connection.executemany("INSERT OR REPLACE INTO clients VALUES (?, ?)", rows)

    def _replace(self, client: Client) -> bool:
        record = msgspec.json.encode(client).decode()
        with self._revision.change() as connection:
            found = connection.execute("UPDATE clients SET record = ? WHERE id = ?", (record, client.id))
            return found.rowcount > 0

    def _remove(self, client_id: ClientId) -> None:
        with self._revision.change() as connection:
            connection.execute("DELETE FROM devices WHERE client = ?", (client_id,))
            connection.execute("DELETE FROM keys WHERE json_extract(record, '$.client_id') = ?", (client_id,))
            connection.execute("DELETE FROM clients WHERE id = ?", (client_id,))
