"""Folds the log into the file beside the writer, so that commits do not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from notifyd.bridge.worker import Answer, OwnThread
    from notifyd.store.batch import Batch

#: The log is folded in when it has grown by about this many pages of 4 KiB. The writer does it itself only at
#: connection.CHECKPOINT_PAGES: by then most of the work is done.
_FOLD_PAGES: Final = 1500

#: Pages that a small transaction touches: the ends of two tables and an index, and some above them.
_LEAST_PAGES: Final = 4
_BYTES_PER_PAGE: Final = 3000


class LogFolder:
    """Counts what was written and, when it is much, folds it in from a thread and a connection of its own."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], thread: OwnThread) -> None:
        self._connect = connect
        self._thread = thread
        self._connection: sqlite3.Connection | None = None
        self._pages = 0
        self._folding = False
        #: How often it was done.
        self.folded = 0

    def wrote(self, batch: Batch) -> None:
        """*batch* was committed."""
        # each row of these is in a place of its own
        scattered = batch.inbox_rows() + batch.note_rows() + len(batch.letters) + len(batch.durables)
        self._pages += _LEAST_PAGES + batch.size_bytes // _BYTES_PER_PAGE + scattered
        if self._pages >= _FOLD_PAGES and not self._folding:
            self._pages = 0
            self._folding = True
            self._thread.submit(self._done, self._fold)

    async def close(self) -> None:
        """Finish what was begun and close the connection."""
        await self._thread.run(self._discard)
        self._thread.close()

    def _done(self, answer: Answer[None]) -> None:
        # after an error the log grows until the writer folds it, and its errors are told
        self._folding = False
        self.folded += answer.error is None

    def _fold(self) -> None:
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
