"""The one connection that writes the journal. Lives in the journal's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.store.sqlite.statements import plan

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from notifyd.store.batch import Batch


class Writer:
    """Writes batches, each in one transaction. After an error it starts over with a fresh connection.

    With *fsync*, transactions that were promised to be on the disk are synced; all others are left to the kernel,
    which keeps them when the process is killed.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], *, fsync: bool, connection: sqlite3.Connection | None = None
    ) -> None:
        self._connect = connect
        self._connection = connection
        self._fsync = fsync
        self._synchronous = ""

    def write(self, batch: Batch) -> None:
        """Commit all of *batch*.

        Raises:
            sqlite3.Error, OSError: nothing of it was kept.
        """
        statements = list(plan(batch))
        try:
            connection = self._connected()
            self._set_synchronous(connection, "FULL" if batch.synced and self._fsync else "NORMAL")
            if len(statements) == 1:
                # alone, a statement is its own transaction
                connection.execute(*statements[0])
                return
            connection.execute("BEGIN IMMEDIATE")
            for sql, parameters in statements:
                connection.execute(sql, parameters)
            connection.execute("COMMIT")
        except BaseException:
            self._discard()
            raise

    def close(self) -> None:
        """Note that nothing is missing, fold the log into the file and close.

        Raises:
            sqlite3.Error, OSError: it is closed, and the next start will find it unclean.
        """
        try:
            connection = self._connected()
            self._set_synchronous(connection, "FULL")
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 'yes')")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._discard()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _set_synchronous(self, connection: sqlite3.Connection, mode: str) -> None:
        if mode != self._synchronous:
            connection.execute(f"PRAGMA synchronous={mode}")
            self._synchronous = mode

    def _discard(self) -> None:
        # closing rolls back what is open; the next batch connects anew, whatever state this one was left in
        connection, self._connection = self._connection, None
        self._synchronous = ""
        if connection is not None:
            connection.close()
