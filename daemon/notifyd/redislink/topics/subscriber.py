"""The listener's thread: keeps every topic followed on the server that has it."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from notifyd.errors import StoreUnavailable
from notifyd.redislink.servers.pauses import Pauses
from notifyd.redislink.topics.pipe import TopicPipe
from notifyd.redislink.topics.waker import Waker
from notifyd.redislink.url import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.topics.backlog import Backlog
    from notifyd.redislink.topics.following import Topic
    from notifyd.redislink.topics.places import Places

log = structlog.get_logger("notifyd.redislink")

_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0
#: With nothing else to do, this is when it looks up.
_IDLE_SECONDS: Final = 60.0
#: Where a topic is whose slot nobody has.
_NOWHERE: Final = Endpoint("", 0)


class Subscriber:
    """Follows what is wanted; everything that it reads goes to the backlog. All but `change` and `wake` blocks."""

    def __init__(self, places: Places, backlog: Backlog, *, timeout_seconds: float) -> None:
        self._places = places
        self._backlog = backlog
        self._timeout_seconds = timeout_seconds
        self._wanted: dict[bytes, Topic] = {}
        # appended in trio, taken in the thread
        self._changes: deque[tuple[Topic, bool]] = deque()
        self._pipes: dict[Endpoint | None, TopicPipe] = {}
        self._where: dict[Topic, TopicPipe] = {}
        #: Topics that have to be brought to a server, and since when that has been tried in vain.
        self._homeless: dict[Topic, None] = {}
        self._pauses = Pauses(times=places.caution)
        self._stale = True
        self._pause = _FIRST_PAUSE_SECONDS
        self._try_at = 0.0
        #: Since when some topic could not be followed, on the monotonic clock; None while all are. For any thread.
        self.failing_since: float | None = None
        self._waker: Waker[Endpoint | None] = Waker()

    def change(self, topic: Topic, *, wanted: bool) -> None:
        """From trio: follow a topic, or follow it no more."""
        self._changes.append((topic, wanted))
        self.wake()

    def wake(self) -> None:
        """From any thread: let it look up."""
        self._waker.ring()

    def turn(self) -> None:
        """Wait for something to do, a while at the most, and do it."""
        self._apply()
        if self._homeless and time.monotonic() >= self._try_at:
            self._house()
        self._each(TopicPipe.send)
        ready = self._waker.wait(self._pipes, self._next_at())
        if not ready or self._has_room():
            for place in ready:
                self._read(place)
        self._each(TopicPipe.check)
        if (
            self.failing_since is not None
            and not self._homeless
            and all(map(TopicPipe.is_settled, self._pipes.values()))
        ):
            self._succeed()

    def give_up(self, why: str) -> None:
        """Close all connections, and go on after a pause."""
        for place in tuple(self._pipes):
            self._lose(place, why)
        self._fail(why)

    def close(self) -> None:
        """Close everything."""
        for pipe in self._pipes.values():
            pipe.close()
        self._waker.close()

    def _apply(self) -> None:
        """Take what has changed."""
        self._waker.heard()
        while self._changes:
            topic, wanted = self._changes.popleft()
            if wanted:
                self._wanted[topic.name] = topic
                self._homeless[topic] = None
                # it may be at home with a server that is there
                self._try_at = 0.0
                continue
            if self._wanted.get(topic.name) is topic:
                del self._wanted[topic.name]
            self._homeless.pop(topic, None)
            pipe = self._where.pop(topic, None)
            if pipe is not None:
                pipe.leave(topic)

    def _house(self) -> None:
        """Bring the topics to the servers that have them, as far as those can be reached."""
        failed: dict[Endpoint | None, str] = {}
        why = ""
        try:
            if self._stale:
                self._places.refresh()
                self._stale = False
        except StoreUnavailable as exc:
            self._fail(exc.message)
            return
        for topic in list(self._homeless):
            place: Endpoint | None = _NOWHERE
            try:
                place = self._places.place(topic.name)
                if place in failed:
                    continue
                pipe = self._pipe(place)
            except StoreUnavailable as exc:
                failed[place] = why = exc.message
                continue
            pipe.follow(topic)
            self._where[topic] = pipe
            del self._homeless[topic]
        if failed:
            self._fail(why)

    def _pipe(self, place: Endpoint | None) -> TopicPipe:
        pipe = self._pipes.get(place)
        if pipe is None:
            dialed = self._pauses.attempt(place, lambda: self._places.dial(place))
            pipe = TopicPipe(dialed, timeout_seconds=self._timeout_seconds, group=self._places.group)
            self._pipes[place] = pipe
        return pipe

    def _succeed(self) -> None:
        """Everything has found its server; once that has confirmed it, all is well."""
        if not all(pipe.is_settled() for pipe in self._pipes.values()):
            return
        log.info("redis_subscriptions_back", seconds=round(time.monotonic() - (self.failing_since or 0.0), 3))
        self.failing_since = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._pauses.keep(())

    def _fail(self, why: str) -> None:
        """Try again after a pause."""
        now = time.monotonic()
        if self.failing_since is None:
            self.failing_since = now
            log.warning("redis_subscriptions_away", error=why)
        self._stale = True
        self._try_at = now + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)

    def _next_at(self) -> float:
        """When there is something to do although nothing comes."""
        moments = [pipe.next_check() for pipe in self._pipes.values()]
        if self._homeless:
            moments.append(self._try_at)
        return min(moments, default=time.monotonic() + _IDLE_SECONDS)

    def _has_room(self) -> bool:
        """Wait until what was read is taken. When that takes too long, give the connections up: memory is bounded."""
        if self._backlog.has_room(self._timeout_seconds):
            return True
        self.give_up("the daemon did not keep up with what was published")
        return False

    def _read(self, place: Endpoint | None) -> None:
        pipe = self._pipes.get(place)
        if pipe is None:
            return
        try:
            events, size = pipe.read()
        except StoreUnavailable as exc:
            self._lose(place, exc.message)
            return
        if events:
            self._backlog.put(events, size)
        if pipe.turned_away:
            self._move(pipe)

    def _move(self, pipe: TopicPipe) -> None:
        """What this server does not serve has to be followed elsewhere."""
        topics, pipe.turned_away = pipe.turned_away, []
        self._backlog.interrupted(topics)
        for topic in topics:
            self._where.pop(topic, None)
            self._homeless[topic] = None
        self._fail(pipe.refusal or "the slot has moved")

    def _each(self, step: Callable[[TopicPipe], None]) -> None:
        for place, pipe in tuple(self._pipes.items()):
            try:
                step(pipe)
            except StoreUnavailable as exc:
                self._lose(place, exc.message)

    def _lose(self, place: Endpoint | None, why: str) -> None:
        """The connection to a server is gone."""
        pipe = self._pipes.pop(place)
        pipe.close()
        self._backlog.interrupted(pipe.live)
        for topic in pipe.topics:
            self._where.pop(topic, None)
            self._homeless[topic] = None
        self._fail(why)
