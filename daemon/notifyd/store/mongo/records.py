"""Keys, clients and devices in one database of MongoDB, which any number of daemons may share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notifyd.errors import NotifydError
from notifyd.store.mongo.clients import MongoClients
from notifyd.store.mongo.connection import connect, database_of, hosts_in
from notifyd.store.mongo.devices import MongoDevices
from notifyd.store.mongo.facts import mongo_facts
from notifyd.store.mongo.indexes import prepare
from notifyd.store.mongo.keys import MongoKeys
from notifyd.store.mongo.removed import Removed
from notifyd.store.mongo.revision import Revision
from notifyd.store.mongo.worker import MongoWorker

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database

    from notifyd.model.diagnosis import MongoFacts
    from notifyd.telemetry.histogram import Histogram

#: Indexes of what is there already take their time.
_PREPARING_SECONDS: Final = 60.0


class MongoRecords:
    """`Records` in one database, through a pool of connections."""

    def __init__(
        self, client: MongoClient[dict[str, Any]], database: Database[dict[str, Any]], worker: MongoWorker
    ) -> None:
        self._client = client
        self._database = database
        self._worker = worker
        self._revision = Revision(database.meta)
        self._removed = Removed(database)
        self.keys = MongoKeys(database, worker, self._revision, self._removed)
        self.clients = MongoClients(database, worker, self._revision, self._removed)
        self.devices = MongoDevices(database, worker, self._removed)

    async def revision(self) -> int:
        """See `Records.revision`."""
        return await self._worker.run(self._revision.number)

    def failing_since(self) -> float | None:
        """See `Records.failing_since`."""
        return self._worker.failing_since

    async def probe(self) -> None:
        """See `Records.probe`."""
        await self._worker.probe(self._revision.touch)

    async def facts(self) -> MongoFacts:
        """What the server tells of itself.

        Raises:
            StoreUnavailable: it does not answer.
        """
        return await self._worker.run(mongo_facts, self._database)

    async def finish_removals(self) -> None:
        """Forget what a daemon that died while it removed a client has left.

        Raises:
            StoreUnavailable: it cannot be told whether anything is left.
        """
        await self._worker.run(lambda: self._removed.sweep(self._removed.marked()))

    async def close(self) -> None:
        """See `Records.close`."""
        await self._worker.run(self._client.close)


async def open_mongo_records(url: str, timeout_seconds: float, calls: Histogram | None = None) -> MongoRecords:
    """The records in the database that *url* names, `notifyd` where it names none, made where they are missing.

    *calls* is told how long each call takes.

    Raises:
        Invalid: *url* cannot be read.
        StoreUnavailable: the servers cannot be reached, refuse, or hold what cannot be used; the message names them.
    """
    client = connect(url, timeout_seconds)
    database = database_of(client)
    place = f"MongoDB at {hosts_in(url)} (database {database.name})"
    worker = MongoWorker(place, timeout_seconds)
    worker.calls = calls
    try:
        await worker.run(client.admin.command, "ping")
        await MongoWorker(place, max(timeout_seconds, _PREPARING_SECONDS)).run(prepare, database)
        records = MongoRecords(client, database, worker)
        await records.finish_removals()
    except NotifydError:
        client.close()
        raise
    return records
