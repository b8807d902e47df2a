"""What is done about each publication, whoever brings it: it is printed, or worked on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import trio

    from notifyctl.showing.output import Record

Settle = Callable[[str], None]
"""Says that a publication is done: with nothing where it is, else with the reason why it could not be done."""


class Handler(Protocol):
    """Takes publications, and tells of each when it is done with it."""

    #: Set when it has taken and done as many as it was to.
    enough: trio.Event

    async def room(self) -> None:
        """Wait until there is room for one more."""
        ...

    def put(self, publication: Record, settle: Settle) -> None:
        """Do what is to be done about *publication*, now or soon. Only after `room`, without an await between."""
        ...

    async def finish(self) -> None:
        """Begin nothing any more, and wait for what has begun."""
        ...
