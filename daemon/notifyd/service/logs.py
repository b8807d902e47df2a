"""Reading the log of the running daemon."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from notifyd.bridge.worker import ThreadWorker
from notifyd.errors import Invalid
from notifyd.telemetry.pattern import Pattern
from notifyd.telemetry.record import Record, level_number

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from notifyd.telemetry.ring import Ring

_BATCH: Final = 200
_PAGE: Final = 1000
_READERS: Final = 2


class LogQuery(msgspec.Struct, frozen=True):
    """Which records; empty fields stand for all."""

    lines: int = 10
    min_level: str = ""
    #: A regular expression that is searched in the record's JSON.
    grep: str = ""


class LogBatch(msgspec.Struct, frozen=True):
    """Some records in order, and how many were lost before the first because the reader was slow.

    Without records it only tells of those that were lost: none of what came after them was asked for.
    """

    records: list[Record]
    dropped: int = 0


class LogPage(msgspec.Struct, frozen=True):
    """What came after some record, as far as one answer holds."""

    #: Those that fit, the oldest first.
    records: list[Record]
    #: What to ask after next.
    sequence: int
    #: How many had gone before they could be looked at.
    dropped: int = 0


class _Filter(msgspec.Struct, frozen=True):
    min_level: int
    matches: Callable[[str], bool] | None

    def passes(self, record: Record) -> bool:
        return record.level >= self.min_level and (self.matches is None or self.matches(record.line.decode()))


class Logs:
    """Reads the ring. Patterns are matched in threads, because they take their time over many records."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._worker = ThreadWorker("log-reader", threads=_READERS)

    async def tail(self, query: LogQuery) -> LogBatch:
        """The newest records that fit, oldest first.

        Raises:
            Invalid: the level or the pattern is none.
        """
        return await self._tail(query, _filter_of(query))

    async def page(self, query: LogQuery, after: int | None = None) -> LogPage:
        """What fits of the next records after the sequence number *after*; without one the newest `lines`.

        For who asks again and again instead of holding a stream open.

        Raises:
            Invalid: the level or the pattern is none.
        """
        wanted = _filter_of(query)
        newest = self._ring.sequence
        if after is None or after > newest:
            found = await self._tail(query, wanted)
            # what came while the old ones were searched is left for the next page
            return LogPage([record for record in found.records if record.sequence <= newest], newest)
        records = self._ring.after(after, limit=_PAGE)
        if not records:
            return LogPage([], after)
        passing = await self._worker.run(_passing, wanted, records)
        return LogPage(passing, records[-1].sequence, records[0].sequence - after - 1)

    async def follow(self, query: LogQuery, send: Callable[[LogBatch], Awaitable[None]]) -> None:
        """Send the newest records that fit, and then every new one, until cancelled.

        Raises:
            Invalid: the level or the pattern is none.
        """
        wanted = _filter_of(query)
        doorbell = _Doorbell()
        self._ring.add_doorbell(doorbell.ring)
        try:
            seen = self._ring.sequence
            first = await self._tail(query, wanted)
            # a record that came while the old ones were searched would be sent twice
            await send(LogBatch([record for record in first.records if record.sequence <= seen]))
            while True:
                await doorbell.wait()
                seen = await self._catch_up(seen, wanted, send)
        finally:
            self._ring.remove_doorbell(doorbell.ring)

    async def _catch_up(self, seen: int, wanted: _Filter, send: Callable[[LogBatch], Awaitable[None]]) -> int:
        dropped = 0
        while found := self._ring.after(seen, limit=_BATCH):
            dropped += found[0].sequence - seen - 1
            seen = found[-1].sequence
            passing = await self._worker.run(_passing, wanted, found)
            if passing:
                await send(LogBatch(passing, dropped))
                dropped = 0
        if dropped:
            await send(LogBatch([], dropped))
        return seen

    async def _tail(self, query: LogQuery, wanted: _Filter) -> LogBatch:
        return LogBatch(await self._worker.run(self._search, query.lines, wanted))

    def _search(self, lines: int, wanted: _Filter) -> list[Record]:
        return self._ring.tail(lines, min_level=wanted.min_level, matches=wanted.matches)


class _Doorbell:
    """Wakes one task from any thread; rung before it waits, it does not wait."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._event = trio.Event()

    def ring(self) -> None:
        try:
            self._token.run_sync_soon(self._set, idempotent=True)
        except trio.RunFinishedError:
            return

    async def wait(self) -> None:
        await self._event.wait()
        self._event = trio.Event()

    def _set(self) -> None:
        self._event.set()


def _filter_of(query: LogQuery) -> _Filter:
    try:
        matches = Pattern(query.grep).search if query.grep else None
        return _Filter(level_number(query.min_level), matches)
    except ValueError as exc:
        raise Invalid(str(exc)) from exc


def _passing(wanted: _Filter, records: list[Record]) -> list[Record]:
    return [record for record in records if wanted.passes(record)]
