"""How something went that was handed in for Redis, for everybody who waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.errors import NotifydError
    from notifyd.store.ports import Accepted


class Ticket:
    """Ends once, well or with a failure."""

    __slots__ = ("_event", "_followers", "done", "failure")

    def __init__(self) -> None:
        self.done = False
        #: Why not, or None.
        self.failure: NotifydError | None = None
        self._event: trio.Event | None = None
        self._followers: list[Callable[[Ticket], None]] = []

    def finish(self, failure: NotifydError | None = None) -> None:
        """Tell everybody how it went."""
        self.done = True
        self.failure = failure
        if self._event is not None:
            self._event.set()
        for follower in self._followers:
            follower(self)

    def then(self, follower: Callable[[Ticket], None]) -> None:
        """Have *follower* called when it is over, which it is not yet."""
        self._followers.append(follower)

    async def wait(self) -> None:
        """Return when it went well, without a checkpoint where that is known.

        Raises:
            NotifydError: the failure.
        """
        if not self.done:
            if self._event is None:
                self._event = trio.Event()
            await self._event.wait()
        if self.failure is not None:
            # one for each who asks: tracebacks would pile up on a shared one
            raise again(self.failure)


class Taken:
    """A `Pending` that shares the fate of a ticket."""

    __slots__ = ("_accepted", "_ticket")

    def __init__(self, ticket: Ticket, accepted: Accepted) -> None:
        self._ticket = ticket
        self._accepted = accepted

    def done(self) -> bool:
        """See `Pending.done`."""
        return self._ticket.done

    async def result(self) -> Accepted:
        """See `Pending.result`."""
        await self._ticket.wait()
        return self._accepted


def again(error: NotifydError) -> NotifydError:
    """The same refusal for somebody else."""
    same = type(error)(
        error.message, code=error.code, retry_after_seconds=error.retry_after_seconds, details=error.details
    )
    if isinstance(error, StoreUnavailable) and isinstance(same, StoreUnavailable):
        same.open = error.open
    return same
