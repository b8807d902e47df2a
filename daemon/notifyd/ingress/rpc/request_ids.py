"""The id of a call: taken from its metadata or made, named in the log, told at the end of every call."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from structlog.contextvars import bound_contextvars

from notifyd.model.request_ids import new_request_id, usable_request_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

#: In the metadata of a call, and behind its status.
REQUEST_ID_KEY: Final = "x-request-id"

_current: ContextVar[str] = ContextVar("request_id")


def request_id_of(context: grpc.ServicerContext) -> str:
    """The id that the caller sent, if it may stand in a log, else a new one; told behind the status from now on."""
    sent = next((value for name, value in context.invocation_metadata() or () if name == REQUEST_ID_KEY), "")
    request_id = usable_request_id(sent) or new_request_id()
    context.set_trailing_metadata(((REQUEST_ID_KEY, request_id),))
    return request_id


def current_request_id() -> str:
    """The id of the call that is being served; "" outside of one."""
    return _current.get("")


@contextmanager
def serving(name: str, request_id: str) -> Iterator[None]:
    """What is logged and published within belongs to the call *name* with this id."""
    token = _current.set(request_id)
    try:
        with bound_contextvars(rpc=name, request_id=request_id):
            yield
    finally:
        _current.reset(token)
