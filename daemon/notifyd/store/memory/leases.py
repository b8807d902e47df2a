"""Who holds what until when."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from notifyd.store.memory.entry import Place

if TYPE_CHECKING:
    from notifyd.store.memory.entry import Entry


class Leases:
    """The leases in force. One token stands for all that was leased together."""

    def __init__(self) -> None:
        self._held: dict[int, list[Entry]] = {}
        #: How many of a token's entries have not been let go of.
        self._left: dict[int, int] = {}
        self._deadlines: list[tuple[int, int]] = []
        self._last_token = 0

    def next_token(self) -> int:
        """A token that was never used."""
        self._last_token += 1
        return self._last_token

    def grant(self, token: int, entries: list[Entry], *, until: int) -> None:
        """Hold *entries* under *token* until the instant *until*."""
        self._held[token] = entries
        self._left[token] = len(entries)
        heapq.heappush(self._deadlines, (until, token))

    def let_go(self, token: int) -> None:
        """One entry of *token* is no longer held."""
        left = self._left[token] - 1
        if left:
            self._left[token] = left
        else:
            del self._left[token], self._held[token]

    def overdue(self, now: int) -> list[Entry]:
        """End the leases whose time is over, and answer what they still held."""
        lost: list[Entry] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            token = heapq.heappop(self._deadlines)[1]
            self._left.pop(token, None)
            lost += [e for e in self._held.pop(token, ()) if e.place is Place.LEASED and e.token == token]
        return lost

    def next_deadline(self) -> int | None:
        """When the first lease ends, or None."""
        while self._deadlines and self._deadlines[0][1] not in self._held:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None
