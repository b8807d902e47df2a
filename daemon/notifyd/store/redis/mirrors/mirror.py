"""What this node has at hand of what is in Redis: read once, and kept so by the messages of a topic.

A message may be lost, with a connection or in a daemon that does not keep up. Each says where it belongs, so that a gap
shows, and what is missing is read from Redis before anything later is taken in.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import unavailable

if TYPE_CHECKING:
    from notifyd.redislink.link import Link
    from notifyd.store.redis.mirrors.interest import Interest
    from notifyd.store.redis.mirrors.news import RedisNews

#: What nobody is live on is let go of so long after its last use.
_IDLE_SECONDS: Final = 30.0
#: Looks for what is idle, and for what could not be brought up to date.
_SWEEP_SECONDS: Final = 1.0
#: Mirrors that are brought up to date at the same time.
_AT_ONCE: Final = 32
#: Messages, and their bytes, that wait while a mirror is brought up to date; beyond that it has to look once more.
_EARLY_MESSAGES: Final = 256
_EARLY_BYTES: Final = 4 << 20
#: Looks in a row before others get their turn.
_ROUNDS: Final = 4
#: How often one who waits looks whether Redis is away.
_GLANCE_SECONDS: Final = 0.25


class Mirror(ABC):
    """One thing of Redis in this node's memory. Subclasses say what its messages mean, and how it is read."""

    def __init__(self, mirrors: Mirrors, tag: str, topic: str) -> None:
        """*tag* is under which the connections on it are counted, *topic* tells of its changes."""
        self.tag = tag
        #: Whether it was brought up to date once: it may be read, even where it is behind by now.
        self.ready = False
        self.used_at = trio.current_time()
        self._mirrors = mirrors
        #: Whether every message since the last look has been taken in.
        self._current = False
        #: Whether the look that is under way does not count: something may have been missed since it began.
        self._overtaken = False
        self._early: deque[bytes] = deque()
        self._early_bytes = 0
        self._stopped = False
        self._arrived = trio.Event()
        self._following = mirrors.link.listener.follow(topic, self._receive, self._live)

    @abstractmethod
    def apply(self, message: bytes) -> bool:
        """Take a message in, or pass one over that tells nothing new; False: something before it is missing."""

    @abstractmethod
    async def fetch(self) -> None:
        """Read from Redis what is not known yet. Messages that come meanwhile are kept for afterwards.

        Called once at a time, so that no answer takes the place of a later one.

        Raises:
            StoreUnavailable: Redis is away; what was read so far may be in force.
        """

    @abstractmethod
    def dropped(self) -> None:
        """It is let go of: nobody may find it any more."""

    @property
    def idle_seconds(self) -> float:
        """How long after its last use it is let go of, where nobody is live on it."""
        return self._mirrors.idle_seconds

    @property
    def current(self) -> bool:
        """Whether nothing is known to be missing."""
        return self._current

    def stopped(self) -> bool:
        """Whether it was let go of, which any wait may bring about."""
        return self._stopped

    def attend(self) -> MirrorAttendance | None:
        """See `HistoryStore.attend`."""
        self.used_at = trio.current_time()
        return None if self.ready else MirrorAttendance(self, self._mirrors)

    def stop(self) -> None:
        """Let go of it."""
        if self._stopped:
            return
        self._stopped = True
        self._following.stop()
        self.dropped()

    def look_again(self) -> None:
        """Something is missing: have it read."""
        self._current = False
        self._overtaken = True
        self._mirrors.want(self)

    async def wait_ready(self) -> None:
        """Return when it may be read. The caller sets a deadline."""
        await self._arrived.wait()

    async def bring_up_to_date(self) -> None:
        """Look until nothing is missing, or others should have their turn. Called once at a time.

        Raises:
            StoreUnavailable: Redis is away.
        """
        for _ in range(_ROUNDS):
            # what came before the look is in what it finds
            self._early.clear()
            self._early_bytes = 0
            self._overtaken = False
            await self.fetch()
            if self._stopped:
                return
            # it may be read also where more is missing by now: its readers get that as news
            self.ready = True
            self._arrived.set()
            if self._catch_up():
                self._current = True
                return

    def _catch_up(self) -> bool:
        while self._early:
            if not self.apply(self._early.popleft()):
                return False
        return not self._overtaken

    def _live(self) -> None:
        if not self._stopped:
            self._mirrors.interest.again(self.tag)
            self.look_again()

    def _receive(self, message: bytes) -> None:
        if self._current:
            if not self._mirrors.news.full() and self.apply(message):
                return
            self.look_again()
        if len(self._early) < _EARLY_MESSAGES and self._early_bytes < _EARLY_BYTES:
            self._early.append(message)
            self._early_bytes += len(message)
        else:
            self._overtaken = True


class MirrorAttendance:
    """See `Attendance`."""

    def __init__(self, mirror: Mirror, mirrors: Mirrors) -> None:
        self._mirror = mirror
        self._mirrors = mirrors

    async def wait(self) -> None:
        """See `Attendance.wait`."""
        if self._mirror.ready:
            await trio.lowlevel.checkpoint()
        # counted, and not by the clock: while this process stood still, Redis had no chance to be heard
        glances = math.ceil(self._mirrors.patience_seconds / _GLANCE_SECONDS)
        while not self._mirror.ready:
            if glances <= 0 or self._mirrors.link.away():
                raise unavailable("Redis is away: what is asked for is not at hand")
            glances -= 1
            with trio.move_on_after(_GLANCE_SECONDS):
                await self._mirror.wait_ready()


class Mirrors:
    """Brings mirrors up to date, and lets go of those that nobody uses."""

    def __init__(
        self,
        link: Link,
        interest: Interest,
        news: RedisNews,
        *,
        patience_seconds: float,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        """*patience_seconds*: how long something may take to be at hand.

        *idle_seconds*: what nobody is live on is let go of so long after its last use.
        """
        self.link = link
        self.patience_seconds = patience_seconds
        self.idle_seconds = idle_seconds
        self.interest = interest
        self.news = news
        #: For what fills a memory: what is dispatched must not wait behind it.
        self.line = link.line("mirrors")
        self._all: set[Mirror] = set()
        self._wanted: dict[Mirror, None] = {}
        self._bell = trio.Event()
        #: Those that are being brought up to date.
        self._busy: set[Mirror] = set()
        #: Those that failed, until the next sweep.
        self._later: set[Mirror] = set()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    def want(self, mirror: Mirror) -> None:
        """Have *mirror* brought up to date; where that is under way, it goes on until it is."""
        if mirror.stopped():
            return
        self._all.add(mirror)
        if mirror in self._busy:
            return
        self._wanted[mirror] = None
        self._bell.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve)
            nursery.start_soon(self._sweep)

    async def _serve(self) -> None:
        slots = trio.Semaphore(_AT_ONCE)
        async with trio.open_nursery() as nursery:
            while True:
                await self._bell.wait()
                self._bell = trio.Event()
                while self._wanted:
                    await slots.acquire()
                    # what reads produces news: first those have to be taken
                    await self.news.room()
                    if not self._wanted:
                        slots.release()
                        break
                    mirror = next(iter(self._wanted))
                    del self._wanted[mirror]
                    self._busy.add(mirror)
                    nursery.start_soon(self._bring, mirror, slots)

    async def _bring(self, mirror: Mirror, slots: trio.Semaphore) -> None:
        try:
            if not mirror.stopped() and not mirror.current:
                await mirror.bring_up_to_date()
        except StoreUnavailable:
            self._later.add(mirror)
        except trio.Cancelled:
            # where another one has failed, it is this one's turn again
            self._later.add(mirror)
            raise
        finally:
            self._busy.discard(mirror)
            slots.release()
        if not mirror.current and mirror not in self._later:
            # others have their turn first
            self.want(mirror)

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(_SWEEP_SECONDS)
            later, self._later = self._later, set()
            for mirror in later:
                self.want(mirror)
            now = trio.current_time()
            # the least first: most are in use
            idle = [each for each in self._all if now - each.used_at > self.idle_seconds]
            for mirror in [each for each in idle if now - each.used_at > each.idle_seconds]:
                if not self.interest.here(mirror.tag):
                    self._all.discard(mirror)
                    self._wanted.pop(mirror, None)
                    mirror.stop()
