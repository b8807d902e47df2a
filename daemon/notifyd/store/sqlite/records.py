"""Keys, clients and devices in one file, records.db."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from notifyd.store.sqlite.clients import SqliteClients
from notifyd.store.sqlite.connection import errors_of, open_database
from notifyd.store.sqlite.devices import SqliteDevices
from notifyd.store.sqlite.keys import SqliteKeys
from notifyd.store.sqlite.revision import Revision
from notifyd.store.watched import WatchedWorker

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from notifyd.telemetry.histogram import Histogram

#: They lead from each version of the schema to the next.
SCRIPTS: Final = ("records.sql", "records2.sql", "records3.sql")


class SqliteRecords:
    """`Records` on one connection, which one thread uses."""

    def __init__(self, connection: sqlite3.Connection, worker: WatchedWorker) -> None:
        self._connection = connection
        self._worker = worker
        self._revision = Revision(connection)
        self.keys = SqliteKeys(connection, worker, self._revision)
        self.clients = SqliteClients(connection, worker, self._revision)
        self.devices = SqliteDevices(connection, worker)

    async def revision(self) -> int:
        """See `Records.revision`."""
        return await self._worker.run(self._revision.number)

    def failing_since(self) -> float | None:
        """See `Records.failing_since`."""
        return self._worker.failing_since

    async def probe(self) -> None:
        """See `Records.probe`."""
        await self._worker.probe(_rewrite, self._connection)

    async def close(self) -> None:
        """See `Records.close`."""
        await self._worker.run(self._connection.close)


async def open_sqlite_records(path: Path, calls: Histogram | None = None) -> SqliteRecords:
    """The records at *path*, made where they are missing; *calls* is told how long each call takes.

    Raises:
        StoreUnavailable: the file cannot be used; the message names it.
    """
    worker = WatchedWorker("notifyd-records", errors=errors_of(path))
    worker.calls = calls
    return SqliteRecords(await worker.run(partial(open_database, path, SCRIPTS, synced=True)), worker)


def _rewrite(connection: sqlite3.Connection) -> None:
    """Write what changes nothing."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version={version}")
