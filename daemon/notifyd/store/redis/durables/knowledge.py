"""What Redis knows of one durable subscription, put together from all that tells of it. Pure.

Redis numbers the changes of each. What is told of them comes by several ways, and one way may be quicker than another:
messages, in the order of the changes; what is read, which is as it was at its number; and what Redis answers to the
changes of this node. Each of them counts where its number says that it does, so that nothing goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notifyd.policy.receiving.durable_changes import merged

if TYPE_CHECKING:
    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.policy.receiving.durable_changes import DurableChange


class _Answered(NamedTuple):
    number: int
    #: None: it was removed.
    change: DurableChange | None


class Knowledge:
    """All changes up to a number, and those of this node that Redis has answered beyond it."""

    def __init__(self, key: DurableKey) -> None:
        #: What Redis knows, as far as it is known here; None for nothing.
        self.told: DurableState | None = None
        self._key = key
        self._number = 0
        #: After the change of that number.
        self._state: DurableState | None = None
        #: Of higher numbers, in order.
        self._answered: list[_Answered] = []
        #: How many were answered before the look that is under way; None: there is none.
        self._before_look: int | None = None

    @property
    def gaps(self) -> int:
        """How many answers wait for something that comes before them."""
        return len(self._answered)

    def has(self, number: int) -> bool:
        """Whether everything up to this change is known.

        Not where nothing is left: when the clock of Redis was set back, it may belong to one that was made since.
        """
        return number <= self._number and self._state is not None

    def add(self, number: int, change: DurableChange, *, began: bool) -> bool:
        """Take in a change that a message tells; *began*: nothing was known before. False: something is missing."""
        state = self._state
        if number <= self._number or not (number == self._number + 1 or (began and state is None)):
            return False
        if not _fits(state, change):
            return False
        self._number, self._state = number, merged(self._key, state, change)
        self._settle()
        return True

    def remove(self, number: int) -> None:
        """It was removed by the change of this number; whatever was missing is gone with it."""
        if number > self._number:
            self._number, self._state = number, None
            self._settle()

    def answer(self, number: int, change: DurableChange | None) -> None:
        """Redis has taken a change of this node, or where it is None, removed it."""
        self._answered.append(_Answered(number, change))
        self._settle()

    def begin_look(self) -> None:
        """It is being read from now on; no message is taken in meanwhile."""
        self._before_look = len(self._answered)

    def found(self, number: int, state: DurableState | None) -> None:
        """It was *state* after the change of this number, whatever is known here: Redis may have lost something."""
        # what was answered before is in it, whatever the numbers say
        del self._answered[: self._before_look]
        self._number, self._state = number, state
        self._before_look = None
        self._settle()

    def found_nothing_out(self) -> None:
        """The look has failed."""
        self._before_look = None
        self._settle()

    def _settle(self) -> None:
        answered = self._answered
        while answered and self._before_look is None and answered[0].number <= self._number + 1:
            first = answered.pop(0)
            if first.number > self._number:
                self._number, self._state = first.number, self._after(self._state, first.change)
        told = self._state
        for each in answered:
            if each.number > self._number:
                told = self._after(told, each.change)
        self.told = told

    def _after(self, state: DurableState | None, change: DurableChange | None) -> DurableState | None:
        if change is None or (state is None and not change.whole):
            return None
        return merged(self._key, state, change)


def _fits(state: DurableState | None, change: DurableChange) -> bool:
    """Whether `put.lua` would have added it."""
    if state is None:
        return change.whole
    return state.epoch == change.epoch or (change.whole and change.before == state.epoch)
