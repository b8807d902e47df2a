"""A bound on streams, so that they can never take every thread of the pool."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import grpc

from notifyd.errors import Exhausted
from notifyd.ingress.rpc.faults import abort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Health and reflection ask for no credential: they have slots of their own, and take none from those who have one.
OPEN_STREAMS: Final = 4
_OPEN: Final = "/grpc."


class StreamSlots(grpc.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Refuses streams beyond the limit at once; a unary call always finds a thread."""

    def __init__(self, limit: int, setting: str) -> None:
        self._slots = _Slots(limit, f"{limit} streams are open, which is the limit ({setting})")
        self._open = _Slots(OPEN_STREAMS, "enough streams of health and reflection are open")

    def intercept_service(self, continuation: Callable[..., Any], handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Put the bound around a handler that holds its thread for as long as the stream lasts."""
        handler = continuation(handler_call_details)
        if handler is None or not handler.response_streaming:
            return handler
        slots = self._open if handler_call_details.method.startswith(_OPEN) else self._slots
        make, behaviour = (
            (grpc.stream_stream_rpc_method_handler, handler.stream_stream)
            if handler.request_streaming
            else (grpc.unary_stream_rpc_method_handler, handler.unary_stream)
        )
        return make(slots.bounded(behaviour), handler.request_deserializer, handler.response_serializer)


class _Slots:
    def __init__(self, limit: int, reached: str) -> None:
        self._reached = reached
        self._free = threading.BoundedSemaphore(limit)

    def bounded(self, behaviour: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def serve(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            if not self._free.acquire(blocking=False):
                problem = f"{self._reached}: end one first"
                abort(context, Exhausted(problem, code="too_many_streams", retry_after_seconds=1))
            try:
                yield from behaviour(request, context)
            finally:
                self._free.release()

        return serve
