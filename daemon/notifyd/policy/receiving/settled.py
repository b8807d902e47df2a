"""Which offsets of a stream a receiver is through with, in any order."""

from __future__ import annotations


class Settled:
    """Everything up to `floor`, and single offsets above it; `reopened` ones below it are not, for all that."""

    __slots__ = ("_above", "floor", "reopened")

    def __init__(self, floor: int, above: tuple[int, ...] = (), reopened: tuple[int, ...] = ()) -> None:
        self.floor = floor
        self._above = set(above)
        #: Put back by an operator.
        self.reopened = set(reopened)

    def __contains__(self, offset: int) -> bool:
        if offset <= self.floor:
            return offset not in self.reopened
        return offset in self._above

    def __len__(self) -> int:
        """How many above the floor are settled."""
        return len(self._above)

    def add(self, offset: int) -> bool:
        """Settle one; False when it was settled before."""
        if offset in self:
            return False
        if offset <= self.floor:
            self.reopened.discard(offset)
            return True
        self._above.add(offset)
        while self.floor + 1 in self._above:
            self.floor += 1
            self._above.discard(self.floor)
        return True

    def add_up_to(self, offset: int) -> int:
        """Settle everything up to *offset*; answers how many were not."""
        if offset <= self.floor:
            return 0
        new = offset - self.floor - sum(each <= offset for each in self._above)
        self._above = {each for each in self._above if each > offset}
        self.floor = offset
        while self.floor + 1 in self._above:
            self.floor += 1
            self._above.discard(self.floor)
        return new

    def skip(self, first: int, last: int) -> None:
        """Nothing will come with the offsets from *first* to *last*."""
        if first == self.floor + 1:
            self.add_up_to(last)
        else:
            for offset in range(first, last + 1):
                self.add(offset)

    def reopen(self, offset: int) -> None:
        """Take it back: it is to be delivered once more."""
        if offset <= self.floor:
            self.reopened.add(offset)
        else:
            self._above.discard(offset)

    def above(self) -> tuple[int, ...]:
        """What is settled above the floor, in order."""
        return tuple(sorted(self._above))
