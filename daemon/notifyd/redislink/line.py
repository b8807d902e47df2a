"""Commands to Redis, many in one round trip."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.resp import Word, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.redislink.route import Route
    from notifyd.redislink.scripts import Script


_FLIGHT_COMMANDS: Final = 1000
_FLIGHT_BYTES: Final = 1 << 20
_WAITING_BYTES: Final = 256 << 20
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0

_UNANSWERED: Final = object()


class Reply:
    """What will come of one command. A caller that is cancelled takes nothing back: the command is done anyway."""

    __slots__ = ("_answer", "_callbacks", "_event", "key", "packed", "script")

    def __init__(self, packed: bytes, script: Script | None, key: str | bytes | None) -> None:
        self.packed = packed
        self.script = script
        #: Where it belongs in a cluster.
        self.key = key
        self._answer: Any = _UNANSWERED
        self._event: trio.Event | None = None
        self._callbacks: list[Callable[[Reply], None]] | None = None

    def done(self) -> bool:
        """Whether the answer, or the failure, is there."""
        return self._answer is not _UNANSWERED

    def result(self) -> Any:
        """The answer of a reply that is done: bytes, int, list or None, as it came.

        Raises:
            StoreUnavailable: Redis is away or cannot do it now. Whether the command was done is not known.
            Refused: an error reply.
        """
        answer = self._answer
        if isinstance(answer, ErrorReply):
            raise answer.told()
        if isinstance(answer, StoreUnavailable):
            # one for each who asks: tracebacks would pile up on a shared one
            raise unavailable(answer.message) from answer
        return answer

    async def wait(self) -> Any:
        """Wait until it is done, and answer what `result` does. Bounded by the timeouts of the link."""
        if self._answer is _UNANSWERED:
            if self._event is None:
                self._event = trio.Event()
            await self._event.wait()
        else:
            await trio.lowlevel.checkpoint_if_cancelled()
        return self.result()

    def then(self, callback: Callable[[Reply], None]) -> None:
        """Have *callback* called in trio when it is done, at once if it is. It must not raise."""
        if self._answer is not _UNANSWERED:
            callback(self)
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    def settle(self, answer: Any) -> None:
        """In trio: the answer has come. What comes later than a failure is passed over."""
        if self._answer is not _UNANSWERED:
            return
        self._answer = answer
        if self._event is not None:
            self._event.set()
        if self._callbacks is not None:
            for callback in self._callbacks:
                callback(self)


class Line:
    """One thread with connections of its own. What waits when it comes back goes together in the next flight, in the
    order in which it was handed in; one flight at a time.

    When a flight fails, all that waits fails, and the line is away: it refuses at once, and looks for Redis in growing
    pauses until it is back.
    """

    def __init__(self, name: str, route: Route, *, max_waiting: int, patience_seconds: float) -> None:
        """*patience_seconds*: when a flight counts as lost although its thread has not come back."""
        self.name = name
        self._route = route
        self._token = trio.lowlevel.current_trio_token()
        self._max_waiting = max_waiting
        self._patience_seconds = patience_seconds
        self._waiting: deque[Reply] = deque()
        self._waiting_bytes = 0
        self._flying: list[Reply] = []
        self._took_off_at: float | None = None
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._idle = False
        self._started = False
        self._closing = False
        self._ended = trio.Event()
        self._away: StoreUnavailable | None = None
        self._away_since: float | None = None

    # in trio

    def send(self, *words: Word) -> Reply:
        """Hand in a plain command, such as `send("HGET", key, field)`.

        Raises:
            StoreUnavailable: Redis is away, or too much waits; nothing was handed in.
        """
        key = words[1] if len(words) > 1 else None
        return self._hand_in(Reply(pack(words), None, key if isinstance(key, (str, bytes)) else None))

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Word] = ()) -> Reply:
        """Hand in a call of a script. All *keys* carry one hash tag. Raises as `send` does."""
        packed = pack(("EVALSHA", script.sha, len(keys), *keys, *args))
        return self._hand_in(Reply(packed, script, keys[0] if keys else None))

    @property
    def waiting(self) -> int:
        """How many commands wait or are under way."""
        return len(self._waiting) + len(self._flying)

    @property
    def failing_since(self) -> float | None:
        """When Redis went away, on the monotonic clock; None while it is there."""
        return self._away_since

    def watch(self, now: float) -> None:
        """Give a flight up whose thread has not come back in time, for instance because it looks a host name up."""
        took_off_at = self._took_off_at
        if took_off_at is not None and now - took_off_at > self._patience_seconds:
            self._lose(unavailable(f"Redis does not answer on line {self.name}"))

    async def close(self) -> None:
        """Let what waits be done, and end the thread. Nothing may be handed in afterwards."""
        self._closing = True
        if not self._started:
            return
        self._bell.put(None)
        with trio.move_on_after(self._patience_seconds):
            await self._ended.wait()

    def _hand_in(self, reply: Reply) -> Reply:
        away = self._away
        if away is not None:
            raise unavailable(away.message) from away
        if self._closing:
            raise unavailable("the link to Redis is closed")
        if len(self._waiting) >= self._max_waiting or self._waiting_bytes > _WAITING_BYTES:
            raise unavailable("too many commands wait for Redis")
        self._waiting.append(reply)
        self._waiting_bytes += len(reply.packed)
        if self._idle:
            self._idle = False
            self._bell.put(None)
        elif not self._started:
            self._started = True
            threading.Thread(target=self._serve, name=f"redis-{self.name}", daemon=True).start()
        return reply

    def _land(self, flight: list[Reply], answers: list[Any]) -> None:
        self._waiting_bytes -= sum([len(reply.packed) for reply in flight])
        for reply, answer in zip(flight, answers, strict=True):
            reply.settle(answer)

    def _lose(self, why: StoreUnavailable) -> None:
        """From trio, when the thread hangs: fail all that it holds."""
        if self._away is None:
            self._away_since = time.monotonic()
        self._away = why
        waiting = self._take_all()
        self._waiting_bytes -= sum([len(reply.packed) for reply in waiting])
        # those that fly are counted off when their thread comes back
        for reply in [*self._flying, *waiting]:
            reply.settle(why)

    # in the thread

    def _serve(self) -> None:
        while True:
            flight = self._take()
            if flight:
                self._fly(flight)
            elif self._closing:
                break
        self._route.close()
        self._soon(self._ended.set)

    def _fly(self, flight: list[Reply]) -> None:
        self._flying = flight
        self._took_off_at = time.monotonic()
        try:
            answers = self._route.exchange(flight)
        except StoreUnavailable as exc:
            self._fail(flight, exc)
            self._took_off_at = None
            self._come_back()
        else:
            self._took_off_at = None
            self._flying = []
            self._away = self._away_since = None
            self._soon(self._land, flight, answers)

    def _take(self) -> list[Reply]:
        """All that may fly together; wait for something first."""
        waiting = self._waiting
        if not waiting:
            # in this order, so that what is handed in between is seen or rings
            self._idle = True
            if not waiting and not self._closing:
                self._bell.get()
            self._idle = False
        flight: list[Reply] = []
        size = 0
        with contextlib.suppress(IndexError):
            while len(flight) < _FLIGHT_COMMANDS and size < _FLIGHT_BYTES:
                reply = waiting.popleft()
                flight.append(reply)
                size += len(reply.packed)
        return flight

    def _fail(self, flight: list[Reply], why: StoreUnavailable) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
        # first this, so that nothing new comes in while the rest is taken
        self._away = why
        lost = [*flight, *self._take_all()]
        self._flying = []
        if lost:
            self._soon(self._land, lost, [why] * len(lost))

    def _come_back(self) -> None:
        """Look for Redis until it is there."""
        pause = _FIRST_PAUSE_SECONDS
        while not self._closing:
            # a thread of its own may sleep; the end of the line rings
            try:
                self._bell.get(timeout=pause)
            except queue.Empty:
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            try:
                self._route.probe()
            except StoreUnavailable as exc:
                self._fail([], exc)
                continue
            self._away = self._away_since = None
            return

    def _take_all(self) -> list[Reply]:
        taken: list[Reply] = []
        # trio and the thread may both be at it
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._waiting.popleft())
        return taken

    def _soon(self, function: Callable[..., object], *args: object) -> None:
        try:
            self._token.run_sync_soon(function, *args)
        except trio.RunFinishedError:
            return
