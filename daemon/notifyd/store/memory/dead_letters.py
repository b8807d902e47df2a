"""What was given up, in memory: in the order of death, within its bounds."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.dead_letter import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notifyd.model.ids import DeadLetterId
    from notifyd.store.delivery_ports import DeadLetterQuery
    from notifyd.store.options import DeadLetterLimits
    from notifyd.telemetry.metrics import Counters


class Kept(msgspec.Struct, gc=False, eq=False):
    """One letter in its place."""

    #: When it died, and its id to tell those of one instant apart.
    place: tuple[int, str]
    letter: DeadLetter
    size: int


_PLACE: Final = attrgetter("place")


class DeadLetters:
    """Letters by id and in the order of death. What is being put back is held apart, and returns to its place."""

    def __init__(self, limits: DeadLetterLimits, counters: Counters) -> None:
        self._limits = limits
        self._counters = counters
        self._kept: dict[DeadLetterId, Kept] = {}
        #: The oldest first.
        self._order: list[Kept] = []
        self._held: dict[DeadLetterId, Kept] = {}
        self._size_bytes = 0

    def restore(self, letters: Iterable[DeadLetter]) -> None:
        """Put in what a journal kept; the bounds are applied by the next `trim`."""
        for letter in letters:
            self._put(_kept(letter))

    def add(self, letter: DeadLetter, *, now: int) -> list[DeadLetterId]:
        """Keep *letter*, in the place of another with its id; answers which went because of the bounds."""
        self._discard(letter.id)
        self._held.pop(letter.id, None)
        self._put(_kept(letter))
        return self.trim(now=now)

    def find(self, letter_id: DeadLetterId) -> DeadLetter | None:
        """The letter with this id."""
        kept = self._kept.get(letter_id)
        return None if kept is None else kept.letter

    def knows(self, letter_id: DeadLetterId) -> bool:
        """Whether it is here, or held."""
        return letter_id in self._kept or letter_id in self._held

    def hold(self, letter_ids: Iterable[DeadLetterId]) -> list[Kept]:
        """Take out those that are here, until it is known whether they go."""
        held = [kept for letter_id in letter_ids if (kept := self._discard(letter_id)) is not None]
        self._held |= {kept.letter.id: kept for kept in held}
        return held

    def let_go(self, held: Iterable[Kept], *, gone: bool, now: int) -> list[DeadLetterId]:
        """End what `hold` began; answers which went because of the bounds. What died again meanwhile stays as it is."""
        for kept in held:
            if self._held.get(kept.letter.id) is kept:
                del self._held[kept.letter.id]
                if not gone:
                    self._put(kept)
        return [] if gone else self.trim(now=now)

    def letters(
        self, query: DeadLetterQuery, *, limit: int, after: DeadLetterId | None = None, oldest_first: bool = False
    ) -> list[DeadLetter]:
        """See `DeadLetterStore.letters`."""
        first, end = self._range(query)
        if after is not None:
            kept = self._kept.get(after)
            if kept is None:
                return []
            place = bisect_left(self._order, kept.place, key=_PLACE)
            first, end = (max(first, place + 1), end) if oldest_first else (first, min(end, place))
        found: list[DeadLetter] = []
        places = range(first, end) if oldest_first else range(end - 1, first - 1, -1)
        if limit > 0:
            for letter in _fitting(self._order, places, query):
                found.append(letter)
                if len(found) == limit:
                    break
        return found

    def count(self, query: DeadLetterQuery) -> int:
        """See `DeadLetterStore.count`."""
        return sum(1 for _ in _fitting(self._order, range(*self._range(query)), query))

    def configure(self, limits: DeadLetterLimits) -> None:
        """Use other bounds from the next `trim` on."""
        self._limits = limits

    def trim(self, *, now: int) -> list[DeadLetterId]:
        """Let go of the oldest beyond a bound; answers which."""
        limits = self._limits
        oldest = now - int(limits.max_age_seconds * 1000)
        size = self._size_bytes
        surplus = len(self._order) - limits.max_count
        count = 0
        for kept in self._order:
            # places are in the order of death
            if count >= surplus and size <= limits.max_bytes and kept.place[0] > oldest:
                break
            size -= kept.size
            count += 1
        evicted = self._order[:count]
        del self._order[:count]
        self._size_bytes = size
        self._counters.dead_letters_evicted += count
        for kept in evicted:
            del self._kept[kept.letter.id]
        return [kept.letter.id for kept in evicted]

    def usage(self) -> tuple[int, int]:
        """See `DeadLetterStore.usage`."""
        return len(self._order), self._size_bytes

    def _put(self, kept: Kept) -> None:
        self._kept[kept.letter.id] = kept
        insort(self._order, kept, key=_PLACE)
        self._size_bytes += kept.size

    def _discard(self, letter_id: DeadLetterId) -> Kept | None:
        kept = self._kept.pop(letter_id, None)
        if kept is not None:
            del self._order[bisect_left(self._order, kept.place, key=_PLACE)]
            self._size_bytes -= kept.size
        return kept

    def _range(self, query: DeadLetterQuery) -> tuple[int, int]:
        """Where those that died in the time of *query* begin and end."""
        since, until = query.since, query.until
        first = 0 if since is None else bisect_left(self._order, (since, ""), key=_PLACE)
        end = len(self._order) if until is None else bisect_left(self._order, (until, ""), key=_PLACE)
        return first, end


def _kept(letter: DeadLetter) -> Kept:
    return Kept((letter.died_at, letter.id), letter, letter.size())


def _fitting(order: Sequence[Kept], places: range, query: DeadLetterQuery) -> Iterator[DeadLetter]:
    for place in places:
        letter = order[place].letter
        if fits(letter, query):
            yield letter


def fits(letter: DeadLetter, query: DeadLetterQuery) -> bool:
    """Whether *letter* is among those that *query* asks for, whenever it died."""
    return (
        (query.client_id is None or letter.client_id == query.client_id)
        and (query.stage is None or letter.stage is query.stage)
        and query.reason in ("", letter.reason)
        and query.channel in ("", letter.notification.channel)
        and query.user_id in ("", letter.user_id)
        and query.notification_id in ("", letter.notification_id, letter.notification.id)
    )
