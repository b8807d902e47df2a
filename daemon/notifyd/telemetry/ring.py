"""The newest log records, kept in memory for `logs tail`."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from notifyd.telemetry.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES: Final = 16 * 1024 * 1024


class Ring:
    """A bounded sequence of records that any thread may append to and read.

    The ring is also the buffer of everyone who follows it: a follower remembers the sequence number it has seen, asks
    for what came `after` it, and notices by a gap in the numbers that it was too slow.
    """

    def __init__(self, entries: int, *, max_bytes: int = MAX_BYTES) -> None:
        self._entries = entries
        self._max_bytes = max_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._sequence = 0
        self._doorbells: frozenset[Callable[[], None]] = frozenset()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def sequence(self) -> int:
        """The number of the newest record; 0 before the first."""
        return self._sequence

    def append(self, level: int, line: bytes) -> Record:
        """Keep a rendered record, letting go of the oldest where a bound is reached, and ring the doorbells."""
        with self._lock:
            self._sequence += 1
            record = Record(self._sequence, level, line)
            self._records.append(record)
            self._bytes += len(line)
            while len(self._records) > self._entries or self._bytes > self._max_bytes:
                self._bytes -= len(self._records.popleft().line)
        for ring in self._doorbells:
            ring()
        return record

    def tail(self, count: int, *, min_level: int = 0, matches: Callable[[str], bool] | None = None) -> list[Record]:
        """The newest *count* records of *min_level* or worse whose JSON *matches*, oldest first.

        A pattern over a full ring takes its time: call this in a thread. The lock is not held meanwhile.
        """
        with self._lock:
            records = list(self._records)
        found: list[Record] = []
        for record in reversed(records):
            if len(found) >= count:
                break
            if record.level >= min_level and (matches is None or matches(record.line.decode())):
                found.append(record)
        found.reverse()
        return found

    def after(self, sequence: int, *, limit: int = 100) -> list[Record]:
        """Up to *limit* records that came after *sequence*, oldest first; the first may be farther than the next."""
        with self._lock:
            if not self._records:
                return []
            start = max(0, sequence + 1 - self._records[0].sequence)
            return list(islice(self._records, start, start + limit))

    def add_doorbell(self, ring: Callable[[], None]) -> None:
        """Call *ring* after every append, in the thread that logs: it must be quick, thread-safe and must not log."""
        with self._lock:
            self._doorbells |= {ring}

    def remove_doorbell(self, ring: Callable[[], None]) -> None:
        """Forget *ring*; no error where it is unknown."""
        with self._lock:
            self._doorbells -= {ring}
