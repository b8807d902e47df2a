"""Clients in MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ReplaceOne

from notifyd.model.client import Client
from notifyd.store.mongo.documents import document_of, record_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from notifyd.bridge.worker import ThreadWorker
    from notifyd.model.ids import ClientId
    from notifyd.store.mongo.removed import Removed
    from notifyd.store.mongo.revision import Revision


class MongoClients:
    """A `ClientStore` in the collection `clients`."""

    def __init__(
        self, database: Database[dict[str, Any]], worker: ThreadWorker, revision: Revision, removed: Removed
    ) -> None:
        self._clients = database.clients
        self._worker = worker
        self._revision = revision
        self._removed = removed

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
        found = [record_in(document, Client) for document in self._clients.find(sort=[("_id", 1)])]
        # asked for afterwards: a removal that ended its author's life in the middle counts
        removed = self._removed.marked()
        return [client for client in found if client.id not in removed]

    def _put(self, clients: Sequence[Client]) -> None:
        if not clients:
            return
        with self._revision.change():
            self._removed.unmark(client.id for client in clients)
            replacements = [ReplaceOne({"_id": client.id}, document_of(client), upsert=True) for client in clients]
            self._clients.bulk_write(replacements, ordered=False)

    def _replace(self, client: Client) -> bool:
        with self._revision.change():
            return self._clients.replace_one({"_id": client.id}, document_of(client)).matched_count > 0

    def _remove(self, client_id: ClientId) -> None:
        with self._revision.change():
            self._removed.mark(client_id)
            self._removed.sweep([client_id])
