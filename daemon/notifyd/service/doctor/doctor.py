"""Every check at once, each with a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import trio

from notifyd.errors import NotifydError
from notifyd.model.diagnosis import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Below the time that an operator's command waits by default.
_PATIENCE_SECONDS: Final = 8.0


class Check(Protocol):
    """Looks at one thing."""

    @property
    def name(self) -> str:
        """What it looks at; what it finds has this name, or one that begins with it."""
        ...

    async def look(self) -> Sequence[Finding]:
        """What it finds, at least one finding. A NotifydError is told as a failure of it."""
        ...


class Doctor:
    """Runs the checks that `app` has put together."""

    def __init__(self, checks: Sequence[Check], *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """*patience_seconds*: when a check that has not answered has failed."""
        self._checks = tuple(checks)
        self._patience_seconds = patience_seconds

    async def diagnose(self) -> list[Finding]:
        """What every check finds, in their order. Returns within the patience, whatever hangs."""
        found: list[Sequence[Finding]] = [()] * len(self._checks)

        async def look(place: int, check: Check) -> None:
            found[place] = await self._looked(check)

        async with trio.open_nursery() as nursery:
            for place, check in enumerate(self._checks):
                nursery.start_soon(look, place, check)
        return [finding for findings in found for finding in findings]

    async def _looked(self, check: Check) -> Sequence[Finding]:
        with trio.move_on_after(self._patience_seconds):
            try:
                return await check.look()
            except NotifydError as exc:
                return [Finding(check.name, Verdict.FAILED, exc.message, "look at the log")]
        late = f"there was no answer within {self._patience_seconds:g} s"
        return [Finding(check.name, Verdict.FAILED, late, "see what it waits for: a disk, a network, a server")]
