"""Check of the queue that jobs come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import trio

from notifyd.model.diagnosis import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


class JobSource(Protocol):
    """What takes jobs."""

    @property
    def queue(self) -> str:
        """What they come from."""
        ...

    @property
    def detail(self) -> str:
        """What is wrong; "" while all is well."""
        ...

    @property
    def others(self) -> Sequence[str]:
        """Other services that take jobs from there."""
        ...


class JobsCheck:
    """Whether jobs come, and to this service alone."""

    name = "bullmq"

    def __init__(self, source: JobSource) -> None:
        self._source = source

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        source = self._source
        if not source.detail:
            return [Finding(self.name, Verdict.OK, f"this service alone takes jobs from {source.queue}")]
        advice = "look at the Redis that bullmq.url names"
        if source.others:
            advice = "each takes jobs that are for the other: set a bullmq.prefix or a bullmq.queue for each of them"
        return [Finding(self.name, Verdict.WARNING, source.detail, advice)]
