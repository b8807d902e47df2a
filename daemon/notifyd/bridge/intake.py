"""Upwards, many at a time: items that a foreign thread reads, taken in batches by a task."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

import trio

from notifyd.bridge.portal import Gone

T = TypeVar("T")


class Intake(Generic[T]):
    """A bounded queue from one thread to one task. No thread waits for trio while there is room."""

    def __init__(self, token: trio.lowlevel.TrioToken, limit: int) -> None:
        self._token = token
        self._items: deque[T] = deque()
        self._room = threading.Semaphore(limit)
        self._doorbell: trio.Event | None = None
        self._ended = False
        self._abandoned = False

    def put(self, item: T) -> None:
        """In the thread: hand over *item*, waiting for room.

        Raises:
            Gone: nobody takes any more.
        """
        self._room.acquire()
        if self._abandoned:
            raise Gone
        self._items.append(item)
        self._ring()

    def end(self) -> None:
        """In the thread: nothing more comes."""
        self._ended = True
        self._ring()

    def abandon(self) -> None:
        """From anywhere: nobody takes any more, and a thread that waits for room is let go."""
        self._abandoned = True
        self._room.release()

    async def take(self) -> list[T]:
        """In the task: wait for something, then take all there is; [] at the end."""
        while not self._items:
            if self._ended:
                # the thread sets the end after its last item: look once more
                break
            self._doorbell = trio.Event()
            if not self._items and not self._ended:
                await self._doorbell.wait()
        items = [self._items.popleft() for _ in range(len(self._items))]
        if items:
            self._room.release(len(items))
        return items

    def _ring(self) -> None:
        try:
            self._token.run_sync_soon(self._set, idempotent=True)
        except trio.RunFinishedError:
            return

    def _set(self) -> None:
        if self._doorbell is not None:
            self._doorbell.set()
