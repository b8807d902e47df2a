"""Clients that were removed: what is still on its way for them must not stay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    from notifyd.model.ids import ClientId


class Removed:
    """A mark for each, which goes by its age: see `indexes`.

    It is made before anything is removed, and asked for after anything is kept for a client. Without transactions this
    is how whatever two daemons do at once ends with nothing left of a client that was removed.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._marks = database.removed
        self._clients = database.clients
        self._belongings = (database.keys, database.devices)

    def among(self, client_ids: Iterable[ClientId]) -> set[ClientId]:
        """Those of *client_ids* that were removed."""
        return {found["_id"] for found in self._marks.find({"_id": {"$in": list(set(client_ids))}})}

    def marked(self) -> set[ClientId]:
        """All of them."""
        return {found["_id"] for found in self._marks.find()}

    def mark(self, client_id: ClientId) -> None:
        """It is removed from now on."""
        self._marks.update_one({"_id": client_id}, {"$set": {"at": datetime.now(UTC)}}, upsert=True)

    def unmark(self, client_ids: Iterable[ClientId]) -> None:
        """They are there again, from a file that was imported."""
        self._marks.delete_many({"_id": {"$in": list(client_ids)}})

    def sweep(self, client_ids: Iterable[ClientId]) -> None:
        """Forget marked ones with all that belongs to them, themselves first: without them nothing else works."""
        gone = list(client_ids)
        self._clients.delete_many({"_id": {"$in": gone}})
        for collection in self._belongings:
            collection.delete_many({"client_id": {"$in": gone}})
