"""How busy channels are just now. Pure."""

from __future__ import annotations

import heapq
from typing import Final

#: Over how long rates are taken: short enough to see a burst, long enough to be calm.
WINDOW_SECONDS: Final = 5.0
#: Channels that are counted in one window. What is beyond it while all of these are busy is counted nowhere.
MOST_CHANNELS: Final = 10_000


class ChannelRates:
    """Counts publications by channel in the current window and the one before it, and forgets the rest."""

    def __init__(self) -> None:
        self._begun = 0.0
        self._now: dict[tuple[str, str], int] = {}
        self._before: dict[tuple[str, str], int] = {}

    def count(self, channel: tuple[str, str], *, now: float) -> None:
        """One publication in *channel* (its client and its name) at *now*, a monotonic clock in seconds."""
        if now - self._begun >= WINDOW_SECONDS:
            self._turn(now)
        counted = self._now.get(channel)
        if counted is not None:
            self._now[channel] = counted + 1
        elif len(self._now) < MOST_CHANNELS:
            self._now[channel] = 1

    def per_second(self, channel: tuple[str, str], *, now: float) -> float:
        """Publications per second in *channel*, over about the last window."""
        if now - self._begun >= WINDOW_SECONDS:
            self._turn(now)
        # of the window before counts what still lies within one window's length from now
        share = 1 - (now - self._begun) / WINDOW_SECONDS
        return (self._before.get(channel, 0) * share + self._now.get(channel, 0)) / WINDOW_SECONDS

    def busiest(self, most: int, *, now: float) -> list[tuple[str, str]]:
        """The *most* busy channels, the busiest first; those in which nothing happens are left out."""
        rates = {channel: self.per_second(channel, now=now) for channel in (*self._before, *self._now)}
        busy = [(rate, channel) for channel, rate in rates.items() if rate > 0]
        return [channel for _, channel in heapq.nlargest(most, busy)]

    def _turn(self, now: float) -> None:
        followed = now - self._begun < 2 * WINDOW_SECONDS
        self._before = self._now if followed else {}
        self._now = {}
        self._begun = self._begun + WINDOW_SECONDS if followed else now
