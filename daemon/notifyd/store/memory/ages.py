"""Runs of kept publications by the age of their oldest."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection

#: Heaps smaller than this are not worth cleaning.
_SMALL: Final = 64


class Ageing(Protocol):
    """A run whose oldest goes first."""

    id: int
    #: Whether it is among those whose age is watched.
    ageing: bool

    def empty(self) -> bool:
        """Whether nothing is kept."""
        ...

    def leaves_at(self) -> int:
        """Orders runs by their oldest; only with something kept, and it may rise but never fall."""
        ...


RunT = TypeVar("RunT", bound=Ageing)


class Ages(Generic[RunT]):
    """A heap with one place for each run that keeps something, brought up to date when its first is asked for."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, RunT]] = []

    def __len__(self) -> int:
        """How many runs are watched."""
        return len(self._heap)

    def watch(self, run: RunT) -> None:
        """*run* keeps something, perhaps since just now."""
        if not run.ageing:
            run.ageing = True
            heapq.heappush(self._heap, (run.leaves_at(), run.id, run))

    def oldest(self) -> RunT | None:
        """The run whose oldest leaves first, or None when none keeps anything."""
        heap = self._heap
        while heap:
            leaves_at, _, run = heap[0]
            if run.empty():
                heapq.heappop(heap)[2].ageing = False
            elif run.leaves_at() != leaves_at:
                heapq.heapreplace(heap, (run.leaves_at(), run.id, run))
            else:
                return run
        return None

    def compact(self, runs: Collection[RunT]) -> None:
        """*runs* are all that is left: let go of the others when they are most of it."""
        if len(self._heap) > 2 * len(runs) + _SMALL:
            self.rebuild(runs)

    def rebuild(self, runs: Collection[RunT]) -> None:
        """Watch exactly those of *runs* that keep something, whatever their ages were before."""
        self._heap.clear()
        for run in runs:
            run.ageing = not run.empty()
            if run.ageing:
                self._heap.append((run.leaves_at(), run.id, run))
        heapq.heapify(self._heap)
