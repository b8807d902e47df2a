"""The one table from our refusals to gRPC's statuses."""

from __future__ import annotations

from typing import Final, NoReturn

import grpc
import msgspec

from notifyd.bridge.portal import Gone
from notifyd.errors import (
    Conflict,
    Denied,
    Exhausted,
    IdempotencyMismatch,
    Invalid,
    NotAuthenticated,
    NotFound,
    NotifydError,
    TooLarge,
    Unavailable,
)
from notifyd.ingress.rpc.request_ids import REQUEST_ID_KEY, request_id_of

#: Metadata behind the status: the stable word, and the seconds after which trying again makes sense.
CODE_KEY: Final = "notifyd-code"
RETRY_AFTER_KEY: Final = "notifyd-retry-after"
#: A status has to fit the peer's limit on headers.
_MAX_DETAILS: Final = 2000

# The first entry that fits counts: a narrower kind stands before the one it belongs to.
_STATUSES: Final = (
    (Invalid, grpc.StatusCode.INVALID_ARGUMENT),
    (TooLarge, grpc.StatusCode.INVALID_ARGUMENT),
    (NotAuthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (Denied, grpc.StatusCode.PERMISSION_DENIED),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (IdempotencyMismatch, grpc.StatusCode.ALREADY_EXISTS),
    (Conflict, grpc.StatusCode.FAILED_PRECONDITION),
    (Exhausted, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
)


class Fault(msgspec.Struct, frozen=True):
    """How a call ends that did not succeed."""

    status: grpc.StatusCode
    message: str
    code: str
    retry_after_seconds: float | None = None

    def metadata(self, request_id: str) -> tuple[tuple[str, str], ...]:
        """What goes behind the status of the call that *request_id* names."""
        entries = [(CODE_KEY, self.code), (REQUEST_ID_KEY, request_id)]
        if self.retry_after_seconds is not None:
            entries.append((RETRY_AFTER_KEY, f"{self.retry_after_seconds:.3f}"))
        return tuple(entries)


class Broken(Exception):
    """A fault of the daemon itself; its traceback is in the log under *request_id*, and nowhere else."""

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id)
        self.request_id = request_id


def fault_of(exc: Exception, *, to_operators: bool = False) -> Fault:
    """The way to tell *exc* to the caller; of what is not ours nothing is told."""
    match exc:
        case NotifydError():
            status = next((status for kind, status in _STATUSES if isinstance(exc, kind)), grpc.StatusCode.UNKNOWN)
            sentence = exc.message if to_operators else exc.told
            return Fault(status, sentence, exc.code, exc.retry_after_seconds)
        case TimeoutError():
            return Fault(grpc.StatusCode.DEADLINE_EXCEEDED, "the daemon did not finish in time", "timed_out")
        case Gone():
            return Fault(grpc.StatusCode.CANCELLED, "the caller has left", "cancelled")
        case Broken(request_id=request_id):
            sentence = f"something is wrong in the daemon; its log says more under request_id {request_id}"
            return Fault(grpc.StatusCode.INTERNAL, sentence, "internal")
        case _:
            return Fault(grpc.StatusCode.INTERNAL, "something is wrong in the daemon; its log says more", "internal")


def abort(
    context: grpc.ServicerContext, exc: Exception, request_id: str = "", *, to_operators: bool = False
) -> NoReturn:
    """End the call with the status that *exc* stands for; *request_id* is its id where that was read before."""
    fault = fault_of(exc, to_operators=to_operators)
    context.set_trailing_metadata(fault.metadata(request_id or request_id_of(context)))
    context.abort(fault.status, fault.message[:_MAX_DETAILS])
