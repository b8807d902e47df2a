"""A bound on streams, so that they can never take every thread of the pool."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc

from notifyd.errors import Exhausted
from notifyd.ingress.rpc.shell import abort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class StreamSlots(grpc.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Refuses streams beyond the limit at once; a unary call always finds a thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._slots = threading.BoundedSemaphore(limit)

    def intercept_service(self, continuation: Callable[..., Any], handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Put the bound around a handler that holds its thread for as long as the stream lasts."""
        handler = continuation(handler_call_details)
        if handler is None or not handler.response_streaming:
            return handler
        behaviour = handler.stream_stream if handler.request_streaming else handler.unary_stream
        if getattr(behaviour, "experimental_non_blocking", False):
            return handler  # health's Watch holds no thread
        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(
            self._bounded(behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _bounded(self, behaviour: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def serve(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            if not self._slots.acquire(blocking=False):
                abort(
                    context,
                    Exhausted(
                        f"{self._limit} streams are open, which is the limit (admin.max_streams): end one first",
                        code="too_many_streams",
                        retry_after_seconds=1,
                    ),
                )
            try:
                yield from behaviour(request, context)
            finally:
                self._slots.release()

        return serve
