"""Opening a SQLite file of ours: its schema, its settings, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

#: How long a call waits for a lock that another process holds (an operator's sqlite3 shell, a backup).
BUSY_MILLISECONDS: Final = 2000

#: Marks a file as ours: "NTFY" in ASCII.
APPLICATION_ID: Final = 0x4E544659

#: Prepared statements kept by a connection; the writer has one per kind and number of rows.
_CACHED_STATEMENTS: Final = 256

#: The writer folds the log into the file when it has grown by this many pages (24 MiB).
CHECKPOINT_PAGES: Final = 6000


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, which any one thread at a time may use."""
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
        timeout=BUSY_MILLISECONDS / 1000,
    )
    connection.execute("PRAGMA secure_delete=OFF")
    return connection


def open_database(path: Path, scripts: Sequence[str], *, synced: bool = False) -> sqlite3.Connection:
    """Open *path* for writing, made (0600) and brought to the newest schema where needed.

    *scripts* name the files in this folder that lead from each version to the next.

    Raises:
        StoreUnavailable: it cannot be opened, is no such database, is damaged, or was written by a newer version.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened when it is there: to close a descriptor would take from this process every lock that SQLite holds
        # through another, and whoever then closed the file last in a process of their own would delete the log.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        connection = connect(path)
    except (OSError, sqlite3.Error) as exc:
        raise StoreUnavailable(f"{path} cannot be opened: {exc}") from exc
    try:
        _migrate(connection, path, scripts)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    except sqlite3.Error as exc:
        connection.close()
        raise unusable(path)(exc) from exc
    except StoreUnavailable:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All that is done within is committed, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # after some errors SQLite has rolled back by itself
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def unusable(path: Path) -> Callable[[Exception], StoreUnavailable]:
    """How errors of the file at *path* are told."""

    def told(exc: Exception) -> StoreUnavailable:
        if isinstance(exc, sqlite3.DatabaseError) and _primary_code(exc) in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        ):
            return StoreUnavailable(
                f"{path} is damaged or no database ({exc}); restore it from a backup or move it away",
                code="store_damaged",
            )
        return StoreUnavailable(f"{path}: {exc}", retry_after_seconds=1)

    return told


def errors_of(path: Path) -> Mapping[type[Exception], Callable[[Exception], Exception]]:
    """The table for the ThreadWorker that works on *path*."""
    return {sqlite3.Error: unusable(path), OSError: unusable(path)}


def _primary_code(exc: sqlite3.DatabaseError) -> int:
    # extended codes carry their primary code in the low byte
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF


def _migrate(connection: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    version = _pragma(connection, "user_version")
    owner = _pragma(connection, "application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if owner != APPLICATION_ID and tables:
        raise StoreUnavailable(f"{path} is a database of another program", code="store_foreign")
    if version > len(scripts):
        raise StoreUnavailable(
            f"{path} was written by a newer version (schema {version}, this one knows {len(scripts)})",
            code="store_too_new",
        )
    for number in range(version, len(scripts)):
        script = files("notifyd.store.sqlite").joinpath(scripts[number]).read_text(encoding="utf-8")
        marks = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={number + 1};"
        connection.executescript(f"BEGIN EXCLUSIVE; {script} {marks} COMMIT;")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
