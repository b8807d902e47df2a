"""An enqueue on its way to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.store.batch import Commit
    from notifyd.store.ports import Accepted


class Enqueued:
    """A `Pending` that shares the fate of the transaction it is in."""

    __slots__ = ("_accepted", "_commit")

    def __init__(self, commit: Commit, accepted: Accepted) -> None:
        self._commit = commit
        self._accepted = accepted

    def done(self) -> bool:
        """Whether `result` would answer without waiting."""
        return self._commit.done

    async def result(self) -> Accepted:
        """Wait until it is as durable as the engine promises; no checkpoint where that is so already.

        Raises:
            StoreUnavailable: it could not be kept; nothing was accepted.
        """
        commit = self._commit
        if commit.done:
            commit.check()
        else:
            await commit.wait()
        return self._accepted
