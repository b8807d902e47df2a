"""What crosses between the thread that takes jobs and the daemon that decides what becomes of them."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from notifyd.errors import NotifydError
from notifyd.model.command import Publish
from notifyd.model.ids import ClientId


class Offer(msgspec.Struct, frozen=True, gc=False):
    """A job that was taken, as the daemon sees it."""

    #: Names this taking of it.
    ticket: int
    #: When it was added, in milliseconds since the Unix epoch.
    added_at: int
    #: How often it was begun without having failed: more than once when it was given back, or its consumer died.
    starts: int
    client_id: ClientId = ClientId("")
    #: None where there is a problem.
    command: Publish | None = None
    problem: NotifydError | None = None


class Completed(msgspec.Struct, frozen=True):
    """It is done, and this is its return value."""

    value: dict[str, Any]


class Failed(msgspec.Struct, frozen=True):
    """This try failed; with *final* there is no other, whatever its options say."""

    reason: str
    final: bool


class GivenBack(msgspec.Struct, frozen=True):
    """Any consumer may take it after so many milliseconds; it does not count as a try."""

    delay_ms: int


Outcome = Completed | Failed | GivenBack


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a job."""

    ticket: int
    outcome: Outcome


class Tally(msgspec.Struct):
    """What was told to BullMQ since the last time."""

    completed: int = 0
    #: For good, invalid ones included.
    failed: int = 0
    #: Invalid ones, of all that failed.
    invalid: int = 0
    #: Tries that failed and have others behind them.
    retried: int = 0
    #: Faults of ours; each is in the log.
    errors: int = 0


class DaemonSide(Protocol):
    """What the thread tells the daemon; each is called in trio, soon, and in order."""

    def offered(self, offers: list[Offer]) -> None:
        """Jobs were taken: each is to be answered by a verdict."""
        ...

    def told(self, tally: Tally) -> None:
        """BullMQ has been told what became of some."""
        ...

    def shared_with(self, others: tuple[str, ...]) -> None:
        """Other services take jobs from the queue as well, or none does any more; told when it changes."""
        ...

    def redis_away(self, problem: str) -> None:
        """Redis does not answer; told once, until `redis_back`."""
        ...

    def redis_back(self) -> None:
        """It answers, for the first time or again."""
        ...
