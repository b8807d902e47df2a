"""What has been handed in on a line and is not settled yet."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notifyd.redislink.commands.reply import Reply

#: What goes together: enough to make the round trip cheap, little enough to be done in some milliseconds.
_FLIGHT_COMMANDS: Final = 1000
_FLIGHT_BYTES: Final = 1 << 20
_MOST_BYTES: Final = 256 << 20


class Waiting:
    """Replies in order, bounded. `add`, `settled` and `is_overdue` are trio's, the others are both threads'."""

    def __init__(self, most: int) -> None:
        """*most*: how many may wait."""
        self._most = most
        self._replies: deque[Reply] = deque()
        self._bytes = 0
        # how many were added and settled, and how many had been added at which moment
        self._added = 0
        self._settled = 0
        self._marks: deque[tuple[float, int]] = deque()

    def __len__(self) -> int:
        return len(self._replies)

    def add(self, reply: Reply) -> bool:
        """Append it; False: there is no room."""
        if len(self._replies) >= self._most or self._bytes > _MOST_BYTES:
            return False
        self._replies.append(reply)
        self._bytes += len(reply.packed)
        self._added += 1
        return True

    def settled(self, replies: list[Reply]) -> None:
        """These are done, one way or another."""
        self._bytes -= sum([len(reply.packed) for reply in replies])
        self._settled += len(replies)

    def is_overdue(self, now: float, seconds: float) -> bool:
        """Whether something that had been added at a call at least *seconds* ago is still not settled."""
        marks = self._marks
        marks.append((now, self._added))
        while marks and marks[0][1] <= self._settled:
            marks.popleft()
        return bool(marks) and now - marks[0][0] > seconds

    def take(self) -> list[Reply]:
        """The first ones, as many as may fly together."""
        taken: list[Reply] = []
        size = 0
        # the other thread may be at it
        with contextlib.suppress(IndexError):
            while len(taken) < _FLIGHT_COMMANDS and size < _FLIGHT_BYTES:
                reply = self._replies.popleft()
                taken.append(reply)
                size += len(reply.packed)
        return taken

    def take_all(self) -> list[Reply]:
        """All of them."""
        taken: list[Reply] = []
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._replies.popleft())
        return taken
