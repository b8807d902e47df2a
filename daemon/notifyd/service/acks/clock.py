"""One task that wakes every receiver whose ack is late, asleep until the earliest is."""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import TYPE_CHECKING, Final

import trio

from notifyd.service.acks.receiver import Alarm

if TYPE_CHECKING:
    from notifyd.service.acks.receiver import AckReceiver

#: Receivers woken between two turns of everybody else.
_WAKES_PER_TURN: Final = 32


class AckClock:
    """A heap of alarms, one for each receiver that has something open."""

    def __init__(self) -> None:
        self._heap: list[Alarm] = []
        self._numbers = count()
        self._doorbell = trio.Event()

    def watch(self, receiver: AckReceiver, at: float) -> None:
        """See `receiver.Clock`."""
        self.forget(receiver)
        receiver.alarm = alarm = Alarm(at, next(self._numbers), receiver)
        heapq.heappush(self._heap, alarm)
        if self._heap[0] is alarm:
            self._doorbell.set()

    def forget(self, receiver: AckReceiver) -> None:
        """See `receiver.Clock`. What is left of it in the heap goes when it comes up, and holds nothing."""
        if receiver.alarm is not None:
            receiver.alarm.receiver = None
            receiver.alarm = None

    async def run(self) -> None:
        """Wake until cancelled."""
        while True:
            self._doorbell = trio.Event()
            with trio.move_on_at(self._heap[0].at if self._heap else math.inf):
                await self._doorbell.wait()
            await self._wake()

    async def _wake(self) -> None:
        woken = 0
        while self._heap and self._heap[0].at <= trio.current_time():
            receiver = heapq.heappop(self._heap).receiver
            if receiver is None:
                continue
            receiver.alarm = None
            receiver.on_deadline(trio.current_time())
            woken += 1
            if woken % _WAKES_PER_TURN == 0:
                await trio.lowlevel.checkpoint()
