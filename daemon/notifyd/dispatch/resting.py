"""Which streams rest, because what they are kept in is away while other streams can be served. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from notifyd.store.history_ports import StreamKey
    from notifyd.store.ports import Lease

#: The longest rest: what was given before is late by so much once its stream is back, however long that was.
LONGEST_REST_MS: Final = 1000
#: One whose rest was over so long ago has nothing to dispatch, or is about to be tried.
_LATELY_MS: Final = 5000
#: Streams that are known at most; beyond that the ones that have rested are forgotten, and then all.
_MOST: Final = 10_000


class _Rest(NamedTuple):
    failures: int
    until: int


class Split(NamedTuple):
    """Leases, by whether their streams rest."""

    going: Sequence[Lease]
    #: By the instant until which they rest.
    resting: dict[int, list[Lease]]


class RestingStreams:
    """Streams, and the instants until which nothing of them is dispatched.

    All of a stream rests, so that it stays in order: what is leased later may not go before what was given back.
    """

    def __init__(self) -> None:
        self._rests: dict[StreamKey, _Rest] = {}

    def __len__(self) -> int:
        """How many are known."""
        return len(self._rests)

    def away(self, *, now: int) -> int:
        """How many were away when they were tried last, a moment ago."""
        return sum(now - _LATELY_MS < rest.until <= now + LONGEST_REST_MS for rest in self._rests.values())

    def failed(self, streams: Collection[StreamKey], *, now: int, first_ms: int) -> int:
        """These were away at *now*; each rests for *first_ms*, and then twice as long as the last time.

        Answers how many of them were there before.
        """
        if len(self._rests) + len(streams) > _MOST:
            self._rests = {key: rest for key, rest in self._rests.items() if rest.until > now}
        if len(self._rests) + len(streams) > _MOST:
            self._rests.clear()
        before = len(self._rests)
        for stream in streams:
            rest = self._rests.get(stream)
            failures = 0 if rest is None else rest.failures
            millis = min(max(first_ms, 1) << min(failures, 30), LONGEST_REST_MS)
            self._rests[stream] = _Rest(failures + 1, now + millis)
        return len(self._rests) - before

    def worked(self, leases: Sequence[Lease]) -> None:
        """The streams of these are there."""
        if self._rests:
            for lease in leases:
                self._rests.pop(_stream(lease), None)

    def split(self, leases: Sequence[Lease], *, leased_at: int) -> Split:
        """Which of them may go.

        *leased_at* is the instant for which they were leased: what was given back until then is among them.
        """
        if not self._rests:
            return Split(leases, {})
        going: list[Lease] = []
        resting: dict[int, list[Lease]] = {}
        for lease in leases:
            rest = self._rests.get(_stream(lease))
            # no longer than that, wherever a wall clock is set to meanwhile
            if rest is None or not leased_at < rest.until <= leased_at + LONGEST_REST_MS:
                going.append(lease)
            else:
                resting.setdefault(rest.until, []).append(lease)
        return Split(going, resting)


def _stream(lease: Lease) -> StreamKey:
    return lease.notification.client_id, lease.notification.stream
