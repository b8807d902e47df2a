"""The connection that topics are followed on. For one thread, and blocking."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from notifyd.redislink.dial import Dialer
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.resp import INCOMPLETE, ProtocolViolation, make_reader, pack

if TYPE_CHECKING:
    from notifyd.errors import StoreUnavailable
    from notifyd.redislink.backlog import Backlog
    from notifyd.redislink.dial import Dialed
    from notifyd.redislink.options import RedisOptions
    from notifyd.redislink.topics import Topic
    from notifyd.redislink.url import Address

_READ_BYTES: Final = 65536
#: Topics in one command, and how many confirmations may be owed: they wait in Redis's memory.
_TOGETHER: Final = 500
_OWED: Final = 2000


class Subscriber:
    """Subscribes to what is wanted and reads what is published; everything that it read goes to the backlog."""

    def __init__(self, options: RedisOptions, address: Address, backlog: Backlog) -> None:
        self._timeout_seconds = options.timeout_seconds
        self._dialer = Dialer(options, address)
        self._endpoint = address.endpoints[0]
        self._backlog = backlog
        self._wanted: dict[bytes, Topic] = {}
        # appended in trio, taken in the thread
        self._changes: deque[tuple[Topic, bool]] = deque()
        self._todo: deque[tuple[Topic, bool]] = deque()
        self._owed: deque[tuple[Topic, bool]] = deque()
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._rung = False
        self._dialed: Dialed | None = None
        self._buffer = bytearray(_READ_BYTES)
        self._heard_at = 0.0
        self._asked = False

    # from trio

    def change(self, topic: Topic, *, wanted: bool) -> None:
        """Follow a topic, or follow it no more."""
        self._changes.append((topic, wanted))
        if not self._rung:
            self._rung = True
            self.wake()

    def wake(self) -> None:
        """Let the thread look up."""
        try:
            self._waker.send(b"\0")
        except (BlockingIOError, OSError):
            return

    # in the thread

    def topics(self) -> list[Topic]:
        """What is followed."""
        return list(self._wanted.values())

    def connect(self) -> None:
        """Connect, and follow again what was followed.

        Raises:
            StoreUnavailable: it failed.
        """
        self._dialed = self._dialer.dial(self._endpoint)
        self._socket = self._dialed.socket
        self._reader = make_reader()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)
        self._heard_at = time.monotonic()
        self._asked = False
        self._owed.clear()
        self._todo.clear()
        self._todo.extend((topic, True) for topic in self._wanted.values())

    def turn(self) -> None:
        """Wait for something to do, a while at the most, and do it.

        Raises:
            StoreUnavailable: the connection is lost.
        """
        try:
            self._apply()
            self._send()
            self._wait()
            if not self._backlog.has_room(self._timeout_seconds):
                raise self._lost("the daemon did not keep up with what was published")
            self._read()
            self._check()
        except (OSError, ProtocolViolation) as exc:
            raise self._lost(str(exc)) from exc

    def close(self) -> None:
        """Close the connection."""
        dialed, self._dialed = self._dialed, None
        if dialed is not None:
            dialed.close()

    def end(self) -> None:
        """Close everything."""
        self.close()
        self._waker.close()
        self._woken.close()

    def _lost(self, why: str) -> StoreUnavailable:
        self.close()
        return unavailable(f"the subscriptions at {self._endpoint} are lost: {why}")

    def _apply(self) -> None:
        """Take what has changed."""
        self._rung = False
        changes = self._changes
        while changes:
            topic, wanted = change = changes.popleft()
            if wanted:
                self._wanted[topic.name] = topic
            elif self._wanted.get(topic.name) is topic:
                del self._wanted[topic.name]
            self._todo.append(change)

    def _send(self) -> None:
        """Say what has changed, runs of the same kind in one command."""
        todo = self._todo
        while todo and len(self._owed) < _OWED:
            wanted = todo[0][1]
            words: list[bytes] = [b"SSUBSCRIBE" if wanted else b"SUNSUBSCRIBE"]
            while todo and todo[0][1] is wanted and len(words) <= _TOGETHER:
                change = todo.popleft()
                self._owed.append(change)
                words.append(change[0].name)
            self._write(pack(tuple(words)))

    def _write(self, packed: bytes) -> None:
        self._socket.settimeout(self._timeout_seconds)
        self._socket.sendall(packed)

    def _wait(self) -> None:
        rest = self._heard_at + self._timeout_seconds * (1.0 if self._asked else 0.5) - time.monotonic()
        for descriptor, _ in self._poll.poll(max(1.0, rest * 1000)):
            if descriptor == self._woken.fileno():
                self._woken.recv(4096)

    def _read(self) -> None:
        """Read all that is there without waiting."""
        self._socket.settimeout(0)
        try:
            count = self._socket.recv_into(self._buffer)
        except (BlockingIOError, InterruptedError):
            return
        if count == 0:
            raise ConnectionResetError("the server closed the connection")
        self._heard_at = time.monotonic()
        self._asked = False
        self._reader.feed(self._buffer, 0, count)
        self._take()

    def _take(self) -> None:
        gets = self._reader.gets
        wanted = self._wanted
        events: list[tuple[Topic, bytes | bool | None]] = []
        size = 0
        while (item := gets()) is not INCOMPLETE:
            if isinstance(item, ErrorReply):
                raise self._lost(str(item))
            if item[0] == b"smessage":
                topic = wanted.get(item[1])
                if topic is not None:
                    events.append((topic, item[2]))
                    size += len(item[2])
            elif item[0] == b"ssubscribe":
                topic, _ = self._owed.popleft()
                if wanted.get(topic.name) is topic:
                    events.append((topic, True))
            elif item[0] == b"sunsubscribe":
                self._owed.popleft()
        if events:
            self._backlog.put(events, size)

    def _check(self) -> None:
        """Ask a silent peer for a sign of life; give up one that gives none."""
        silent_seconds = time.monotonic() - self._heard_at
        if silent_seconds >= self._timeout_seconds:
            raise self._lost("it is silent")
        if silent_seconds >= self._timeout_seconds / 2 and not self._asked:
            self._asked = True
            self._write(pack(("PING",)))
