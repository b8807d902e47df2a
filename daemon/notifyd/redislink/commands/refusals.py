"""What a Redis that answers has refused: told to the log now and then, and to who asks whether it takes writes."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.errors import ErrorReply

log = structlog.get_logger("notifyd.redislink")

#: What is not mended is met again and again: it is told so often at the most, and in so many characters.
_COMPLAIN_SECONDS: Final = 10.0
_MOST_TOLD: Final = 500
#: A write that was refused so long ago tells nothing of now. Heartbeats are writes, and come more often.
_LATELY_SECONDS: Final = 3.0


class Refusals:
    """Those of one line."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._complain_at = -math.inf
        self._since = 0.0
        self._latest = -math.inf

    def since(self, now: float) -> float | None:
        """Since when no writes are taken; None where none was refused lately. *now* is on the monotonic clock."""
        return self._since if now < self._latest + _LATELY_SECONDS else None

    def note(self, reply: Reply, answer: ErrorReply) -> None:
        """*answer* came for *reply*."""
        if not (answer.no_writes or answer.unfit):
            return
        now = time.monotonic()
        if answer.no_writes:
            self._since = self.since(now) or now
            self._latest = now
        if now >= self._complain_at:
            self._complain_at = now + _COMPLAIN_SECONDS
            script = "" if reply.script is None else reply.script.name
            log.error("redis_refuses", line=self._line, script=script, problem=str(answer)[:_MOST_TOLD])
