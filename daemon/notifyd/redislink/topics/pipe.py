"""One connection that topics are followed on. For one thread; it waits for nothing but room to send."""

from __future__ import annotations

import select
import ssl
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NoReturn

from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.resp import INCOMPLETE, ProtocolViolation, make_reader, pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.servers.dial import Dialed
    from notifyd.redislink.topics.backlog import Event
    from notifyd.redislink.topics.following import Topic

_READ_BYTES: Final = 65536
#: Topics in one command, and how many confirmations may be owed: they wait in Redis's memory.
_TOGETHER: Final = 500
_OWED: Final = 2000
_PING: Final = pack(("PING",))

#: A command that was sent: whether it follows, and its topics that the server has not confirmed yet, in order.
_Sent = tuple[bool, deque["Topic"]]


class TopicPipe:
    """Subscribes and unsubscribes, and reads what is published. Once it has raised it is closed."""

    def __init__(self, dialed: Dialed, *, timeout_seconds: float, group: Callable[[bytes], int]) -> None:
        """*group*: topics of different groups (slots) may not stand in one command."""
        self.endpoint = dialed.endpoint
        self._dialed = dialed
        self._socket = dialed.socket
        self._timeout_seconds = timeout_seconds
        self._group = group
        self._reader = make_reader()
        self._buffer = bytearray(_READ_BYTES)
        self._topics: dict[bytes, Topic] = {}
        self._live: set[Topic] = set()
        self._todo: deque[tuple[bool, Topic]] = deque()
        self._sent: deque[_Sent] = deque()
        self._owed = 0
        self._heard_at = time.monotonic()
        #: When it was asked for a sign of life, None once it has given one.
        self._asked_at: float | None = None
        #: Topics that this server does not serve (any more): they have to be followed elsewhere, or later.
        self.turned_away: list[Topic] = []
        #: Why, where the server has said so.
        self.refusal = ""

    def fileno(self) -> int:
        """To be polled."""
        return self._socket.fileno()

    @property
    def topics(self) -> list[Topic]:
        """What is to be followed here."""
        return list(self._topics.values())

    @property
    def live(self) -> list[Topic]:
        """What the server has confirmed."""
        return list(self._live)

    def is_settled(self) -> bool:
        """Whether the server has answered all that was asked of it."""
        return not self._todo and not self._sent

    def follow(self, topic: Topic) -> None:
        """Subscribe with the next `send`."""
        self._topics[topic.name] = topic
        self._todo.append((True, topic))

    def leave(self, topic: Topic) -> None:
        """Unsubscribe with the next `send`."""
        if self._topics.get(topic.name) is topic:
            del self._topics[topic.name]
            self._live.discard(topic)
            self._todo.append((False, topic))

    def send(self) -> None:
        """Say what has changed, what belongs together in one command.

        Raises:
            StoreUnavailable: the connection is lost.
        """
        todo = self._todo
        packed: list[bytes] = []
        while todo and self._owed < _OWED:
            follows, first = todo[0]
            group = self._group(first.name)
            topics: deque[Topic] = deque()
            while todo and len(topics) < _TOGETHER and todo[0][0] is follows and self._group(todo[0][1].name) == group:
                topics.append(todo.popleft()[1])
            self._sent.append((follows, topics))
            self._owed += len(topics)
            packed.append(pack((b"SSUBSCRIBE" if follows else b"SUNSUBSCRIBE", *[topic.name for topic in topics])))
        if packed:
            self._write(b"".join(packed))

    def read(self) -> tuple[list[Event], int]:
        """What has come, without waiting: events, and the bytes of their payloads. Raises as `send` does."""
        try:
            self._socket.settimeout(0)
            count = self._socket.recv_into(self._buffer)
            if count == 0:
                raise ConnectionResetError("the server closed the connection")
            self._heard_at = time.monotonic()
            self._asked_at = None
            self._reader.feed(self._buffer, 0, count)
            return self._parsed()
        except (BlockingIOError, ssl.SSLWantReadError):
            return [], 0
        except (OSError, ProtocolViolation) as exc:
            self._break(str(exc))

    def has_more(self) -> bool:
        """Whether bytes wait that polling does not see: decrypted ones."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def check(self) -> None:
        """Ask a silent server for a sign of life, give up one that gives none. Raises as `send` does."""
        now = time.monotonic()
        if now < self.next_check():
            return
        if self._asked_at is None:
            self._asked_at = now
            self._write(_PING)
        # a machine that stood still has not read yet what is there
        elif not self._can_be_read():
            self._break("it is silent")

    def next_check(self) -> float:
        """When `check` has something to do, on the monotonic clock."""
        begun = self._heard_at if self._asked_at is None else self._asked_at
        return begun + self._timeout_seconds / 2

    def close(self) -> None:
        """Close the connection."""
        self._dialed.close()

    def _can_be_read(self) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def _parsed(self) -> tuple[list[Event], int]:
        gets = self._reader.gets
        topics = self._topics
        events: list[Event] = []
        size = 0
        while (item := gets()) is not INCOMPLETE:
            if isinstance(item, ErrorReply):
                self._refused(item)
            elif item[0] == b"smessage":
                topic = topics.get(item[1])
                if topic is not None:
                    events.append((topic, item[2]))
                    size += len(item[2])
            elif item[0] == b"ssubscribe":
                topic = self._confirmed(item[1])
                if topics.get(item[1]) is topic:
                    self._live.add(topic)
                    events.append((topic, True))
            elif item[0] == b"sunsubscribe":
                self._unsubscribed(item[1])
        return events, size

    def _confirmed(self, name: bytes) -> Topic:
        if not self._sent or self._sent[0][1][0].name != name:
            self._break("its confirmations are out of step")
        _, topics = self._sent[0]
        topic = topics.popleft()
        self._owed -= 1
        if not topics:
            self._sent.popleft()
        return topic

    def _unsubscribed(self, name: bytes) -> None:
        if self._sent and not self._sent[0][0] and self._sent[0][1][0].name == name:
            self._confirmed(name)
            return
        # nobody asked for it: the slot has moved to another node
        topic = self._topics.pop(name, None)
        if topic is not None:
            self._live.discard(topic)
            self.turned_away.append(topic)

    def _refused(self, reply: ErrorReply) -> None:
        """The whole of a command was refused."""
        if not self._sent:
            self._break(str(reply))
        self.refusal = str(reply)
        _, topics = self._sent.popleft()
        self._owed -= len(topics)
        for topic in topics:
            if self._topics.get(topic.name) is topic:
                del self._topics[topic.name]
                self.turned_away.append(topic)

    def _write(self, packed: bytes) -> None:
        try:
            self._socket.settimeout(self._timeout_seconds)
            self._socket.sendall(packed)
        except OSError as exc:
            self._break(str(exc))

    def _break(self, why: str) -> NoReturn:
        self.close()
        raise unavailable(f"the subscriptions at Redis {self.endpoint} are lost: {why}")
