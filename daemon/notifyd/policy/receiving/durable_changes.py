"""What changed in a durable subscription, in a form that can be added to what others changed. Pure.

States of several nodes are merged by their differences: what one settled counts for all, in whatever order the
differences come. `store/redis/durables/put.lua` does what `merged` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.durable import DurableState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.model.durable import DurableKey

#: The count of an offset whose tries are not counted any more.
NONE: Final = -1

#: Offsets from the first to the second.
Run = tuple[int, int]


class DurableChange(msgspec.Struct, frozen=True, array_like=True):
    """From one state to another; what both have in common is left out."""

    epoch: str
    #: The epoch of the state before, which is replaced where it was another; "" for none.
    before: str
    #: It tells everything: the state before was none, or of another epoch.
    whole: bool
    settled: tuple[Run, ...]
    #: Taken back.
    reopened: tuple[Run, ...]
    #: Offset and tries that failed, or `NONE`.
    attempts: tuple[tuple[int, int], ...]
    used_at: int

    def empty(self) -> bool:
        """Whether nothing but the time of its use has changed."""
        return not (self.whole or self.settled or self.reopened or self.attempts)


def change_between(before: DurableState | None, after: DurableState) -> DurableChange:
    """What has to be added to *before* to have *after*."""
    earlier = "" if before is None else before.epoch
    whole = before is None or before.epoch != after.epoch
    if before is None or whole:
        before = DurableState(after.key, after.epoch, 0)
    was_open, is_open = _reopened(before), _reopened(after)
    was_above, is_above = set(before.settled), set(after.settled)
    settled = [(before.floor + 1, after.floor)] if after.floor > before.floor else []
    gained = {offset for offset in is_above - was_above if offset > before.floor}
    gained |= {offset for offset in was_open - is_open if offset <= after.floor or offset in is_above}
    settled += [(offset, offset) for offset in sorted(gained)]
    reopened = _without(after.floor + 1, before.floor, was_open | is_above)
    lost = {offset for offset in was_above if offset > after.floor and offset not in is_above}
    reopened += [(offset, offset) for offset in sorted(lost | (is_open - was_open))]
    counts, others = dict(after.attempts), dict(before.attempts)
    attempts = [(offset, count) for offset, count in counts.items() if others.get(offset) != count]
    attempts += [(offset, NONE) for offset in others if offset not in counts]
    return DurableChange(
        after.epoch, earlier, whole, tuple(settled), tuple(reopened), tuple(sorted(attempts)), after.used_at
    )


def merged(key: DurableKey, state: DurableState | None, change: DurableChange) -> DurableState:
    """*state* with *change*; what others have settled in it stays so."""
    if state is None or state.epoch != change.epoch:
        state = DurableState(key, change.epoch, 0)
    above, attempts = set(state.settled), dict(state.attempts)
    # first, so that the floor does not pass them
    for first, last in change.reopened:
        above.difference_update([offset for offset in above if first <= offset <= last])
    floor = _settle(state.floor, above, attempts, change.settled)
    for first, last in change.reopened:
        for offset in range(first, min(last, floor) + 1):
            attempts.setdefault(offset, 0)
    for offset, count in change.attempts:
        if count != NONE:
            if offset in attempts or (offset > floor and offset not in above):
                attempts[offset] = count
        elif offset > floor:
            attempts.pop(offset, None)
    used_at = max(state.used_at, change.used_at)
    return DurableState(key, change.epoch, floor, tuple(sorted(above)), tuple(sorted(attempts.items())), used_at)


def _settle(floor: int, above: set[int], attempts: dict[int, int], runs: Iterable[Run]) -> int:
    """Settle *runs* in what the first three say; answers the new floor."""
    for first, last in runs:
        for offset in [each for each in attempts if first <= each <= last]:
            del attempts[offset]
        if first <= floor + 1:
            floor = max(floor, last)
        else:
            above.update(range(first, last + 1))
    while floor + 1 in above:
        floor += 1
    above.difference_update([offset for offset in above if offset <= floor])
    return floor


def _reopened(state: DurableState) -> set[int]:
    return {offset for offset, _ in state.attempts if offset <= state.floor}


def _without(first: int, last: int, holes: Iterable[int]) -> list[Run]:
    """The runs from *first* to *last* that are left without *holes*."""
    runs: list[Run] = []
    for hole in sorted([hole for hole in holes if first <= hole <= last]):
        if hole > first:
            runs.append((first, hole - 1))
        first = hole + 1
    if first <= last:
        runs.append((first, last))
    return runs
