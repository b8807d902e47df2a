"""From the listener's thread into trio: bounded, in order, in batches."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.redislink.topics.following import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable

log = structlog.get_logger("notifyd.redislink")

#: What a topic has to be told: a payload; True: it is live; None: it is interrupted.
Event = tuple[Topic, bytes | bool | None]

#: How much may wait for trio: then the connections are not read.
_MOST_BYTES: Final = 64 << 20
#: What a message costs beside its payload, about.
_MESSAGE_BYTES: Final = 150
#: How many messages are handed out before other tasks have their turn.
_HANDED_OUT: Final = 500


class Backlog:
    """What has been read and not been handed to the followers yet."""

    def __init__(self, token: trio.lowlevel.TrioToken, most_bytes: int = _MOST_BYTES) -> None:
        self._token = token
        self._most_bytes = most_bytes
        self._events: deque[Event] = deque()
        # each of the two is written by one thread alone
        self._put_bytes = 0
        self._taken_bytes = 0
        self._room = threading.Event()

    def put(self, events: list[Event], size: int) -> None:
        """In the thread: hand over what was read, of which *size* bytes are payload. It is taken whatever waits."""
        self._events.extend(events)
        self._put_bytes += size + _MESSAGE_BYTES * len(events)
        self._ring()

    def interrupted(self, topics: Iterable[Topic]) -> None:
        """In the thread: the connection is gone."""
        self.put([(topic, None) for topic in topics], 0)

    def has_room(self, wait_seconds: float) -> bool:
        """In the thread: whether more may be read, waiting for it if need be."""
        if self._put_bytes - self._taken_bytes < self._most_bytes:
            return True
        self._room.clear()
        if self._put_bytes - self._taken_bytes < self._most_bytes:
            return True
        return self._room.wait(wait_seconds)

    def _ring(self) -> None:
        try:
            self._token.run_sync_soon(self._hand_out, idempotent=True)
        except trio.RunFinishedError:
            return

    def _hand_out(self) -> None:
        events = self._events
        taken = 0
        for _ in range(min(_HANDED_OUT, len(events))):
            topic, event = events.popleft()
            taken += _MESSAGE_BYTES
            if event is None:
                topic.interrupt()
            elif event is True:
                topic.confirm()
            elif event is not False:
                taken += len(event)
                _hand(topic, event)
        self._taken_bytes += taken
        if events:
            self._ring()
        if not self._room.is_set():
            self._room.set()


def _hand(topic: Topic, payload: bytes) -> None:
    try:
        topic.message(payload)
    except Exception:
        # whoever reaches Redis can publish, a later version of the daemon too: what is raised here would end this one
        log.exception("redis_message_failed", topic=topic.name.decode(), size=len(payload))
