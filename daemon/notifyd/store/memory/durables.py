"""How far durable subscriptions are, in memory."""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from notifyd.errors import Exhausted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import ClientId
    from notifyd.store.batch import Batch
    from notifyd.store.options import DurableLimits


class MemoryDurables:
    """States by key, bounded in number and in the time since they were used."""

    def __init__(self, limits: DurableLimits) -> None:
        self.limits = limits
        #: The one that was used the longest time ago first.
        self._states: OrderedDict[DurableKey, DurableState] = OrderedDict()
        #: How many each owner of a client has.
        self._owners: Counter[tuple[ClientId, str]] = Counter()
        #: What changed and is in no transaction yet, each at most once and as it is at last; None: forgotten.
        self._unwritten: dict[DurableKey, DurableState | None] = {}

    def restore(self, states: Iterable[DurableState]) -> None:
        """Go on with what a journal kept, however much that is."""
        for state in sorted(states, key=_used_at):
            self._states[state.key] = state
            self._owners[_owner(state.key)] += 1

    def find(self, key: DurableKey) -> DurableState | None:
        """See `DurableStore.find`."""
        return self._states.get(key)

    def put(self, state: DurableState, *, now: int) -> None:
        """Remember *state*.

        Raises:
            Exhausted: there is no room for a new one.
        """
        if state.key not in self._states:
            self._check_room(state.key, now)
            self._owners[_owner(state.key)] += 1
        self._states[state.key] = state
        self._states.move_to_end(state.key)
        self._unwritten[state.key] = state

    def _check_room(self, key: DurableKey, now: int) -> None:
        limits = self.limits
        if key.owner and self._owners[_owner(key)] >= limits.max_per_user:
            raise Exhausted(
                f"this user has {limits.max_per_user} durable subscriptions already: use one of them",
                code="too_many_durables",
            )
        if len(self._states) >= limits.max_count:
            self.trim(now=now)
        if len(self._states) >= limits.max_count:
            raise Exhausted(
                f"there are {len(self._states)} durable subscriptions already, and no more may be made",
                code="too_many_durables",
            )

    def remove(self, key: DurableKey) -> bool:
        """Forget it; False when there was none."""
        if self._states.pop(key, None) is None:
            return False
        self._owners[_owner(key)] -= 1
        if not self._owners[_owner(key)]:
            del self._owners[_owner(key)]
        self._unwritten[key] = None
        return True

    def states(self, client_id: ClientId | None = None, *, channel: str = "", limit: int = 1000) -> list[DurableState]:
        """See `DurableStore.states`."""
        found = (
            state
            for key, state in self._states.items()
            if (client_id is None or key.client_id == client_id) and (not channel or key.channel == channel)
        )
        return heapq.nsmallest(limit, found, key=_place)

    def trim(self, *, now: int) -> int:
        """See `DurableStore.trim`."""
        oldest = now - int(self.limits.max_age_seconds * 1000)
        before = len(self._states)
        while self._states and (state := next(iter(self._states.values()))).used_at <= oldest:
            self.remove(state.key)
        return before - len(self._states)

    def usage(self) -> int:
        """See `DurableStore.usage`."""
        return len(self._states)

    def flush(self, batch: Batch) -> None:
        """Have everything journalled with *batch*."""
        if self._unwritten:
            batch.durables |= self._unwritten
            self._unwritten = {}


def _owner(key: DurableKey) -> tuple[ClientId, str]:
    return (key.client_id, key.owner)


def _used_at(state: DurableState) -> int:
    return state.used_at


def _place(state: DurableState) -> tuple[str, str, str, str]:
    key = state.key
    return (key.client_id, key.channel, key.owner, key.name)
