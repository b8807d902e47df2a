"""The count of changes in records.db, by which several processes notice what the others did."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from notifyd.store.sqlite.connection import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


@contextmanager
def change(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction that counts: all that is done within is kept together with its number, or none of it."""
    with transaction(connection):
        connection.execute("UPDATE revision SET changes = changes + 1")
        yield connection


def revision(connection: sqlite3.Connection) -> int:
    """How many changes there were."""
    changes: int = connection.execute("SELECT changes FROM revision").fetchone()[0]
    return changes
