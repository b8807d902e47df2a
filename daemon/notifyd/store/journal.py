"""What the memory engine asks of whatever keeps its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notifyd.store.batch import Batch


class Ledger(Protocol):
    """What has a say in each transaction, and learns how it went before anybody who waits for it."""

    def complete(self, batch: Batch) -> None:
        """*batch* is about to be written: the last chance to add to it."""
        ...

    def committed(self, batch: Batch) -> None:
        """All of *batch* is kept."""
        ...

    def failed(self, batch: Batch) -> None:
        """Nothing of *batch* is kept, and what was asked for in it will not be."""
        ...


class Journal(Protocol):
    """Takes changes in batches and commits each batch whole."""

    def batch(self) -> Batch:
        """The batch that collects changes at present."""
        ...

    def ring(self) -> None:
        """Ask for the present batch to be committed soon."""
        ...

    async def run(self) -> None:
        """Commit until cancelled."""
        ...

    async def close(self) -> None:
        """Commit what is left and close; afterwards nothing is taken."""
        ...

    def failing_since(self) -> float | None:
        """Monotonic seconds since when commits fail, or None while all is well."""
        ...
