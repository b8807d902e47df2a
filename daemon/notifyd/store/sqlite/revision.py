"""The count of changes in records.db, by which several processes notice what the others did."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from notifyd.store.sqlite.connection import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


class Revision:
    """For the one thread that uses *connection*."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        #: Changes that were made through it, and are known to be kept.
        self._own = 0

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction that counts: all that is done within is kept together with its number, or none of it."""
        with transaction(self._connection) as connection:
            connection.execute("UPDATE revision SET changes = changes + 1")
            yield connection
        self._own += 1

    def number(self) -> int:
        """How many changes others made."""
        changes: int = self._connection.execute("SELECT changes FROM revision").fetchone()[0]
        return changes - self._own
