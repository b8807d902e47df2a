"""A change that is in force in memory, on its way to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import StoreUnavailable
from notifyd.store.batch import ended

if TYPE_CHECKING:
    from notifyd.store.batch import Commit
    from notifyd.store.journal import Journal


class Recorded:
    """A `Written` that shares the fate of the transaction it is in."""

    __slots__ = ("_commit",)

    def __init__(self, commit: Commit) -> None:
        self._commit = commit

    def done(self) -> bool:
        """Whether `wait` would answer without waiting."""
        return self._commit.done

    async def wait(self) -> None:
        """Wait until it survives a killed process; no checkpoint where that is so already.

        Raises:
            StoreUnavailable: not yet. It stays in force in memory, and is written with the next transaction.
        """
        if self._commit.done:
            self._commit.check()
        else:
            await self._commit.wait()


def with_next(journal: Journal) -> Recorded:
    """What the ledger of *journal* adds to its present transaction, which is asked for; it fails where that is over."""
    try:
        batch = journal.batch()
    except StoreUnavailable as exc:
        return Recorded(ended(exc.message))
    # the memory engine is done with it when this returns
    journal.ring()
    return Recorded(batch.commit)
