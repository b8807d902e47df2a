"""The running daemon over its admin socket or port: calls with deadlines, and its refusals as ours.

grpc is imported when the first call is made: it takes a tenth of a second that `--help` and a missing daemon save.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from notifyctl.daemons import locate
from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import grpc
    from google.protobuf.message import Message

    from notifyctl.daemons.contexts import Context
    from notifyctl.daemons.remote import Remote

#: Answers are bounded by the daemon's own limits; this keeps a broken one from filling our memory.
_LARGEST_ANSWER_BYTES: Final = 256 * 1024 * 1024
#: What grpcio's server says; the daemon serves every call of its own version.
_NO_SUCH_CALL: Final = "Method not found!"
_OPTIONS: Final = [
    ("grpc.max_receive_message_length", _LARGEST_ANSWER_BYTES),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
]
_BY_STATUS: Final = {
    "INVALID_ARGUMENT": Status.USAGE,
    "OUT_OF_RANGE": Status.USAGE,
    "NOT_FOUND": Status.NOT_FOUND,
    "PERMISSION_DENIED": Status.DENIED,
    "UNAUTHENTICATED": Status.DENIED,
    "ALREADY_EXISTS": Status.CONFLICT,
    "FAILED_PRECONDITION": Status.CONFLICT,
    "ABORTED": Status.CONFLICT,
    "UNAVAILABLE": Status.UNREACHABLE,
    "DEADLINE_EXCEEDED": Status.TIMED_OUT,
    "RESOURCE_EXHAUSTED": Status.RATE_LIMITED,
}


class Daemon:
    """One daemon, found when it is first asked for something; later it is looked for in the same place alone."""

    def __init__(
        self, socket: str | None, timeout_seconds: float | None, choose: Callable[[], Context] | None = None
    ) -> None:
        """It is where *choose* says when it is needed first; without that at *socket*, or where one answers here."""
        self._socket = socket
        self._remote: Remote | None = None
        self._choose = choose
        self.timeout_seconds = timeout_seconds
        self._grpc_channel: grpc.Channel | None = None
        #: Who we are, to a daemon that asks.
        self._metadata: tuple[tuple[str, str], ...] = ()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def another(self) -> Daemon:
        """The same daemon over a link of its own."""
        other = Daemon(self._socket, self.timeout_seconds, self._choose)
        other._remote = self._remote
        return other

    @property
    def remote(self) -> Remote | None:
        """Where it is, when it is not reached by a socket of this machine.

        Raises:
            Refusal: the operator's choice cannot be understood.
        """
        if self._choose is not None:
            place, self._choose = self._choose(), None
            self._socket, self._remote = place.socket, place.remote
        return self._remote

    def close(self) -> None:
        """Let go of the socket; the next call connects anew."""
        if self._grpc_channel is not None:
            self._grpc_channel.close()
            self._grpc_channel = None

    def call(self, method: str, request: Message) -> Any:
        """Call *method* of the admin service and return its answer.

        Raises:
            Refusal: the daemon refused, did not answer within the deadline, or is not there.
        """
        stub = self._stub()
        with refusals(self.timeout_seconds):
            return getattr(stub, method)(request, timeout=self.timeout_seconds, metadata=self._metadata)

    def stream(self, method: str, request: Message | Iterator[Message], *, timeout_seconds: float | None = None) -> Any:
        """Call *method*, whose answers come as a stream; iterate it within `refusals`."""
        stub = self._stub()
        return getattr(stub, method)(request, timeout=timeout_seconds, metadata=self._metadata)

    def _stub(self) -> Any:
        if self._grpc_channel is None:
            self._grpc_channel = self._connected()
        from notifyd.v1 import admin_pb2_grpc

        make_stub: Any = admin_pb2_grpc.AdminServiceStub
        return make_stub(self._grpc_channel)

    def _connected(self) -> grpc.Channel:
        # The library's own log lines on stderr say again what the refusal says, in worse words.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        remote = self.remote
        if remote is None:
            self._socket = str(locate.find(self._socket))
            import grpc

            return grpc.insecure_channel(f"unix:{self._socket}", options=_OPTIONS)
        from notifyctl.daemons.reach import open_remote

        self._metadata = (("authorization", f"Bearer {remote.token()}"),)
        return open_remote(remote, _OPTIONS, self.timeout_seconds)


@contextmanager
def refusals(timeout_seconds: float | None = None) -> Iterator[None]:
    """Turn what grpc raises inside into a Refusal."""
    import grpc

    try:
        yield
    except grpc.RpcError as exc:
        raise _refusal(exc, timeout_seconds) from exc


def _refusal(error: Any, timeout_seconds: float | None) -> Refusal:
    metadata = dict(error.trailing_metadata() or ())
    name = error.code().name
    status = _BY_STATUS.get(name, Status.FAILED)
    if status is Status.TIMED_OUT and timeout_seconds is not None:
        message = f"The daemon did not answer within {timeout_seconds:g} s; allow more with --timeout."
    elif status is Status.UNREACHABLE and "notifyd-code" not in metadata:
        message = "The daemon went away before it answered."
    elif name == "UNIMPLEMENTED" and error.details() == _NO_SUCH_CALL:
        message = "The daemon is of another version, and does not know this call."
    else:
        message = error.details() or f"The daemon failed ({name.lower()})."
    retry_after = metadata.get("notifyd-retry-after")
    return Refusal(
        message,
        status,
        code=str(metadata.get("notifyd-code") or name.lower()),
        retry_after_seconds=float(retry_after) if retry_after else None,
        request_id=str(metadata.get("x-request-id") or ""),
    )
