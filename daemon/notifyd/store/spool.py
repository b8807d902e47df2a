"""Lines that are kept aside until all of them are known, in a file without a name that goes with the process."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from notifyd.bridge.worker import ThreadWorker
from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Spool:
    """Lines in the order in which they were added."""

    def __init__(self, folder: Path) -> None:
        """Nobody but this user can read what is kept in *folder* meanwhile."""
        # only the system's memory knows it: nothing is left behind, however this process ends
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` closes it
        self._worker = ThreadWorker(
            "notifyd-spool",
            errors={OSError: lambda exc: StoreUnavailable(f"{folder} cannot hold what is imported: {exc}")},
        )

    async def add(self, lines: Sequence[bytes]) -> None:
        """Keep more of them.

        Raises:
            StoreUnavailable: there is no room.
        """
        await self._worker.run(self._file.write, b"".join(line + b"\n" for line in lines))

    async def rewind(self) -> None:
        """Begin with the first line at the next `take`; raises as `add`."""
        await self._worker.run(self._file.seek, 0)

    async def take(self, most: int) -> list[bytes]:
        """The next lines, *most* of them; none at the end."""
        return await self._worker.run(self._take, most)

    def close(self) -> None:
        """Forget all."""
        self._file.close()

    def _take(self, most: int) -> list[bytes]:
        found: list[bytes] = []
        while len(found) < most and (line := self._file.readline()):
            found.append(line.removesuffix(b"\n"))
        return found
