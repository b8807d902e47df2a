"""What waits for one webhook, so that it holds up nobody but itself."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import trio

from notifyd.dispatch.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.store.ports import Lease

#: How often a line looks whether the queue is still paused.
_PAUSED_SECONDS: Final = 1.0

#: What a call that was begun gets to finish in when the daemon stops; where it does not, the event is told again.
_LAST_SECONDS: Final = 3.0


class WebhookLine:
    """The events of one webhook in their order; its task lives while there are any."""

    def __init__(
        self,
        deliver: Callable[[Lease, Gate], Awaitable[None]],
        share: Callable[[], int],
        paused: Callable[[], bool],
    ) -> None:
        """*deliver* never raises; *share* is how many may be on the way at once."""
        self._deliver = deliver
        self._share = share
        self._paused = paused
        self.gate = Gate()
        self._waiting: deque[Lease] = deque()
        self._in_flight = 0
        self._changed = trio.Event()
        self._calls: set[trio.CancelScope] = set()
        self._stopping = False

    def __len__(self) -> int:
        """How many wait here, those on the way included."""
        return len(self._waiting) + self._in_flight

    @property
    def idle(self) -> bool:
        """Whether its task has ended, and has to be started for what comes next."""
        return not len(self)

    def put(self, lease: Lease) -> None:
        """Have one more told, after those that wait. Start `run` when the line was idle before."""
        self._waiting.append(lease)
        self._changed.set()

    def reopen(self) -> None:
        """Forget that the endpoint was to be left alone: there is reason to think that it is well again."""
        self.gate = Gate()
        self._changed.set()

    async def run(self) -> None:
        """Tell what waits, so many at once, until nothing does. When cancelled, what was begun gets a moment."""
        self._stopping = False
        async with trio.open_nursery() as nursery:
            try:
                await self._tell(nursery)
            finally:
                self._stopping = True
                for scope in self._calls:
                    scope.deadline = trio.current_time() + _LAST_SECONDS

    async def _tell(self, nursery: trio.Nursery) -> None:
        while len(self):
            if not self._waiting:
                await self._change()
            elif await self._ready():
                self._in_flight += 1
                nursery.start_soon(self._one, self._waiting.popleft())

    async def _ready(self) -> bool:
        """Whether one may go now; where not, waits until that may be different."""
        now = trio.current_time()
        if self._paused():
            await trio.sleep(_PAUSED_SECONDS)
        elif self.gate.seconds_left(now=now):
            with trio.move_on_at(self.gate.opens_at):
                await self._change()
        elif not self.gate.room(self._in_flight, self._share(), now=now):
            await self._change()
        else:
            return True
        return False

    async def _change(self) -> None:
        """Wait until one comes, one is done, or the gate is another."""
        self._changed = trio.Event()
        await self._changed.wait()

    async def _one(self, lease: Lease) -> None:
        if self._stopping:
            return
        with trio.CancelScope(shield=True) as scope:
            self._calls.add(scope)
            await self._deliver(lease, self.gate)
        self._calls.discard(scope)
        self._in_flight -= 1
        self._changed.set()
