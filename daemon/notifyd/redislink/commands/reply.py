"""What comes of one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import ErrorReply, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.scripts import Script

log = structlog.get_logger("notifyd.redislink")

_UNANSWERED: Final = object()


class Reply:
    """What will come of one command. A caller that is cancelled takes nothing back: the command is done anyway."""

    __slots__ = ("_answer", "_callbacks", "_event", "key", "packed", "script")

    def __init__(self, packed: bytes, script: Script | None, key: str | bytes | None) -> None:
        #: The command as it is sent.
        self.packed = packed
        #: What it calls.
        self.script = script
        #: What tells its place in a cluster.
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
        if answer is _UNANSWERED:
            raise AssertionError("the reply is not there yet: wait for it")
        return answer

    async def wait(self) -> Any:
        """Wait until it is done, and answer or raise what `result` does. Bounded by the timeouts of the link."""
        if self._answer is _UNANSWERED:
            if self._event is None:
                self._event = trio.Event()
            await self._event.wait()
        else:
            # the others of a batch are done with its first: a turn of the scheduler for each would cost most of all
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
        """In trio, by the line: the answer has come. What comes after a failure is passed over."""
        if self._answer is not _UNANSWERED:
            return
        self._answer = answer
        if self._event is not None:
            self._event.set()
        if self._callbacks is not None:
            callbacks, self._callbacks = self._callbacks, None
            for callback in callbacks:
                self._call(callback)

    def _call(self, callback: Callable[[Reply], None]) -> None:
        try:
            callback(self)
        except Exception:
            # the others of the flight have their answers to get, and the daemon has its connections to serve
            log.exception("redis_answer_not_taken", script=self.script.name if self.script is not None else "")
