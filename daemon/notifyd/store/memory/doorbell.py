"""A harmless wake-up: it may ring for nothing, and rings that nobody waits for are one ring."""

from __future__ import annotations

import trio


class Doorbell:
    """Rung from anywhere in trio, waited for by whoever works."""

    def __init__(self) -> None:
        self._event = trio.Event()
        #: How many wait at this moment.
        self.waiting = 0

    def ring(self) -> None:
        """Wake everybody who waits, or the next one who does."""
        self._event.set()

    async def wait(self) -> None:
        """Return when it rang since the last call."""
        self.waiting += 1
        try:
            await self._event.wait()
        finally:
            self.waiting -= 1
        self._event = trio.Event()
