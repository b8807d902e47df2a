"""Every way in which a request can be refused, as catalogued values.

Floors raise these; each edge owns one table that turns them into its own language (HTTP status, gRPC status, close
code, exit status). `code` is the stable word that callers may match on, the message is a sentence for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class FieldProblem(NamedTuple):
    """What is wrong with one field of a request, named as the documented interfaces name it."""

    field: str
    message: str


#: What everybody is told while a store engine is away.
STORE_AWAY: Final = "what the daemon stands on is away or takes nothing now: try again soon"


class NotifydError(Exception):
    """Root of the tree: a refusal with a stable `code` and a sentence for the caller.

    Attributes:
        code: stable machine-readable word, snake_case.
        retry_after_seconds: when it makes sense to try again, or None where trying again does not help.
        details: every problem by field, where a whole form was checked at once; the message tells them too.
        request_id: what its sender calls the refused request, set by an edge where several are under way; "" for none.
    """

    code = "internal"
    request_id = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retry_after_seconds: float | None = None,
        details: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds
        self.details = tuple(details)
        if code is not None:
            self.code = code

    @property
    def told(self) -> str:
        """The sentence for everybody; `message` may say more, to those who run the daemon, and to its log."""
        return self.message


class Invalid(NotifydError):
    """The request is malformed: the caller must change it."""

    code = "invalid_request"


class NotAuthenticated(NotifydError):
    """No credential, or one that is not known."""

    code = "not_authenticated"


class Denied(NotifydError):
    """The credential is good and does not allow this."""

    code = "forbidden"


class NotFound(NotifydError):
    """What was named does not exist, or belongs to somebody else."""

    code = "not_found"


class Conflict(NotifydError):
    """The state of things forbids it: a duplicate, or a change that came too late."""

    code = "conflict"


class IdempotencyMismatch(Conflict):
    """The idempotency key was used before, with another body."""

    code = "idempotency_key_reused"


class TooLarge(NotifydError):
    """A body, a frame or a field is over its limit."""

    code = "too_large"


class Exhausted(NotifydError):
    """A bound is reached: the queue is full, or a rate limit ran out. Try again after `retry_after_seconds`."""

    code = "resource_exhausted"


class QueueFull(Exhausted):
    """The queue holds as many notifications (or bytes) as it may."""

    code = "queue_full"


class RateLimited(Exhausted):
    """The credential or the address made too many requests."""

    code = "rate_limited"


class Unavailable(NotifydError):
    """The daemon cannot do it now: it is starting or draining, or an engine is away."""

    code = "unavailable"


class StoreUnavailable(Unavailable):
    """A store engine failed or did not answer in time; nothing was accepted."""

    code = "store_unavailable"
    #: Whether the message is for everybody: it names no server and no file, and quotes none.
    open = False

    @property
    def told(self) -> str:
        """Which server or file it is, and what became of it, is for operators alone."""
        return self.message if self.open else STORE_AWAY


class Draining(Unavailable):
    """The daemon is shutting down and accepts nothing new."""

    code = "draining"


def store_busy(message: str) -> StoreUnavailable:
    """The refusal of a store that is there and cannot do it yet; anybody may read why."""
    problem = StoreUnavailable(message, retry_after_seconds=1)
    problem.open = True
    return problem
