"""Commands to Redis, many in one round trip."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.commands.placing import key_of, never_there
from notifyd.redislink.commands.refusals import Refusals
from notifyd.redislink.commands.reply import Reply
from notifyd.redislink.commands.waiting import Waiting
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.resp import Word, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.redislink.commands.route import Route
    from notifyd.redislink.scripts import Script
    from notifyd.telemetry.histogram import Histogram

log = structlog.get_logger("notifyd.redislink")

_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0
#: A line that nobody uses asks for a sign of life, so that it is known whether Redis is there.
_QUIET_SECONDS: Final = 5.0


class Line:
    """One thread with connections of its own. What waits when it comes back goes together in the next flight, in the
    order in which it was handed in; one flight at a time.

    When a flight fails, all that waits fails, and the line is away: it refuses at once, and looks for Redis in growing
    pauses, of a second at most, until it is back. Nothing is sent twice, so that a failure leaves open whether the
    command was done.
    """

    def __init__(
        self,
        name: str,
        route: Route,
        *,
        max_waiting: int,
        patience_seconds: float,
        clustered: bool = False,
        flights: Histogram | None = None,
    ) -> None:
        """*patience_seconds*: when a flight counts as lost although its thread has not come back.

        *clustered*: whether slots may move from one server to another.
        *flights* is told how long those took that came back.
        """
        self.name = name
        self._route = route
        self._token = trio.lowlevel.current_trio_token()
        self._patience_seconds = patience_seconds
        self._clustered = clustered
        self._flights = flights
        self._waiting = Waiting(max_waiting)
        self._flying: list[Reply] = []
        self._used_at = time.monotonic()
        self._refusals = Refusals(name)
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._idle = False
        self._started = False
        self._closing = False
        self._ended = trio.Event()
        self._away: StoreUnavailable | None = None
        self._failing_since: float | None = None

    # in trio

    def send(self, *words: Word) -> Reply:
        """Hand in a plain command, such as `send("HGET", key, field)`; its name is in capitals.

        In a cluster one without a key goes to some node, which answers for itself. Blocking commands and transactions
        do not belong here: other commands share the connection.

        Raises:
            StoreUnavailable: Redis is away, or too much waits; nothing was handed in.
            TypeError: a word is neither text nor bytes nor a number.
        """
        return self._hand_in(Reply(pack(words), None, key_of(words)))

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Word] = ()) -> Reply:
        """Hand in a call of a script. All *keys* carry one hash tag. Raises as `send` does.

        While their slot moves within a cluster nothing of it is done, and it is refused as when Redis is away.
        """
        if self._clustered:
            # One of several declared keys that is at neither end has both ends refuse the call (TRYAGAIN), from the
            # first key that moves to the last. Otherwise a script would find a part of what it works on, or nothing,
            # and what it made at one end would be in the way of what comes from the other.
            # https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#ask-redirection
            keys = (*keys, never_there(keys[0]))
        packed = pack(("EVALSHA", script.sha, len(keys), *keys, *args))
        return self._hand_in(Reply(packed, script, keys[0] if keys else None))

    @property
    def waiting(self) -> int:
        """How many commands wait or are under way."""
        return len(self._waiting) + len(self._flying)

    @property
    def failing_since(self) -> float | None:
        """Since when Redis, or a node of the cluster, has been away, on the monotonic clock; None while all is well."""
        return self._failing_since

    @property
    def away(self) -> bool:
        """Whether nobody answers: of a cluster no node."""
        return self._away is not None

    @property
    def in_parts(self) -> bool:
        """Whether some keys can be reached while others cannot."""
        return self._clustered and not self.away

    def refused_since(self, now: float) -> float | None:
        """See `Refusals.since`."""
        return self._refusals.since(now)

    def watch(self, now: float) -> None:
        """To be called every now and then: give up what has waited too long, because the thread hangs, as one may that
        looks a name up, or because Redis takes its time for each flight."""
        if self._waiting.is_overdue(now, self._patience_seconds):
            self._lose(unavailable(f"Redis does not answer on line {self.name}"))
        elif self._flying:
            return
        elif self._started and self._away is None and (self._failing_since or now - self._used_at > _QUIET_SECONDS):
            with contextlib.suppress(StoreUnavailable):
                self.send("PING")

    async def close(self) -> None:
        """Let what waits be done, within the timeouts, and end the thread. Nothing may be handed in afterwards."""
        self._closing = True
        if not self._started:
            return
        self._bell.put(None)
        with trio.move_on_after(self._patience_seconds):
            await self._ended.wait()
        self._lose(unavailable("the link to Redis is closed"))

    def _hand_in(self, reply: Reply) -> Reply:
        away = self._away
        if away is not None:
            raise unavailable(away.message) from away
        if self._closing:
            raise unavailable("the link to Redis is closed")
        if not self._waiting.add(reply):
            raise unavailable("too many commands wait for Redis")
        if self._idle:
            self._idle = False
            self._bell.put(None)
        elif not self._started:
            self._started = True
            threading.Thread(target=self._serve, name=f"redis-{self.name}", daemon=True).start()
        return reply

    def _land(self, flight: list[Reply], answers: list[Any], seconds: float = 0.0) -> None:
        if seconds and self._flights is not None:
            self._flights.observe(seconds)
        self._waiting.settled(flight)
        for reply, answer in zip(flight, answers, strict=True):
            if type(answer) is ErrorReply:
                self._refusals.note(reply, answer)
            reply.settle(answer)

    def _lose(self, why: StoreUnavailable) -> None:
        """From trio, while the thread hangs: fail all that it holds."""
        self._failing_since = self._failing_since or time.monotonic()
        self._away = why
        waiting = self._waiting.take_all()
        # those that fly are counted off when their thread comes back
        for reply in self._flying:
            reply.settle(why)
        self._land(waiting, [why] * len(waiting))
        self._bell.put(None)

    # in the thread

    def _serve(self) -> None:
        while True:
            flight = self._take()
            if flight:
                self._fly(flight)
            elif self._closing:
                break
            elif self._away is not None:
                # given up while this thread had nothing in hand: nobody else finds out that Redis is there
                self._come_back()
        self._route.close()
        self._soon(self._ended.set)

    def _fly(self, flight: list[Reply]) -> None:
        self._flying = flight
        begun = time.monotonic()
        try:
            answers = self._route.exchange(flight)
        except Exception as exc:  # noqa: BLE001  those who wait must hear of it, whatever it is
            why = self._told(exc)
            log.warning("redis_away", line=self.name, error=why.message)
            self._fail(flight, why)
            self._come_back()
        else:
            self._flown()
            self._soon(self._land, flight, answers, time.monotonic() - begun)

    def _told(self, exc: Exception) -> StoreUnavailable:
        if isinstance(exc, StoreUnavailable):
            return exc
        self._route.close()
        why = unavailable(f"Redis could not be asked: {exc!r}")
        why.__cause__ = exc
        return why

    def _flown(self) -> None:
        self._used_at = time.monotonic()
        self._flying = []
        self._away = None
        self._failing_since = (self._failing_since or self._used_at) if self._route.impaired else None

    def _take(self) -> list[Reply]:
        """All that may fly together; wait for something first."""
        if not self._waiting:
            # in this order, so that what is handed in meanwhile is seen, or rings
            self._idle = True
            if not self._waiting and not self._closing:
                self._bell.get()
            self._idle = False
        return self._waiting.take()

    def _fail(self, flight: list[Reply], why: StoreUnavailable) -> None:
        self._failing_since = self._failing_since or time.monotonic()
        # before the rest is taken, so that nothing new comes in
        self._away = why
        self._flying = []
        lost = [*flight, *self._waiting.take_all()]
        if lost:
            self._soon(self._land, lost, [why] * len(lost))

    def _come_back(self) -> None:
        """Look for Redis until it is there, or the line ends."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            # a thread may sleep; the end of the line rings
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=pause)
            if self._closing:
                return
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            try:
                self._route.probe()
            except Exception as exc:  # noqa: BLE001  the thread has to go on looking
                self._fail([], self._told(exc))
            else:
                log.info("redis_back", line=self.name, seconds=round(time.monotonic() - (self._failing_since or 0), 3))
                self._flown()
                return

    def _soon(self, function: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(function, *args)
