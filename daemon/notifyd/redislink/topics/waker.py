"""Waiting for connections and for trio at once, in a thread."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifyd.redislink.topics.pipe import TopicPipe

K = TypeVar("K")


class Waker(Generic[K]):
    """A bell that ends a thread's wait."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._rung = False

    def ring(self) -> None:
        """From any thread: end the wait, or the next one."""
        if not self._rung:
            self._rung = True
            with contextlib.suppress(OSError):
                self._here.send(b"\0")

    def heard(self) -> None:
        """In the thread, before it looks at what it was woken for: from now on `ring` ends a wait again."""
        self._rung = False

    def wait(self, pipes: Mapping[K, TopicPipe], deadline: float) -> list[K]:
        """Wait for something to read, the bell, or the deadline; the names of the pipes that can be read."""
        ready = [name for name, pipe in pipes.items() if pipe.has_more()]
        # the numbers are asked for each time: a closed one may be another's by now
        by_number = {pipe.fileno(): name for name, pipe in pipes.items()}
        poll = select.poll()
        for number in (self._there.fileno(), *by_number):
            poll.register(number, select.POLLIN)
        milliseconds = 0.0 if ready else max(1.0, (deadline - time.monotonic()) * 1000 + 1)
        for number, _ in poll.poll(milliseconds):
            if number in by_number:
                ready.append(by_number[number])
            else:
                with contextlib.suppress(OSError):
                    self._there.recv(4096)
        return list(dict.fromkeys(ready))

    def close(self) -> None:
        """Nobody waits any more."""
        self._here.close()
        self._there.close()
