"""Calls that were opened and bring no request.

grpcio takes a thread of its pool as soon as the head of a call is there and waits in it for the message, for as long as
the peer likes: a handful of such calls, from somebody without any credential, would stop the server. Here every
request is awaited under a deadline. grpcio offers no such wait, so that all calls are taken as streams of requests,
which are the same on the wire, and the ones that are late are cancelled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import grpc
import trio

from notifyd.clock import monotonic
from notifyd.errors import Invalid
from notifyd.ingress.rpc.faults import abort

Behaviour = Callable[..., Any]
# only types-grpcio knows it as generic
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

#: How often late ones are looked for, as a part of the patience.
_LOOKS: Final = 4
#: Its stream of questions asks for no credential, so that each of them has to come in time.
_REFLECTION: Final = "/grpc.reflection."


class Patience(grpc.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Bounds the wait for requests to *seconds*. `run` is what ends those that are late."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[object, tuple[float, grpc.ServicerContext]] = {}
        self._lock = threading.Lock()
        self._handlers: dict[str, Handler] = {}

    def intercept_service(self, continuation: Callable[..., Any], handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Put the deadline around a handler."""
        method = handler_call_details.method
        patient = self._handlers.get(method)
        if patient is None:
            handler = continuation(handler_call_details)
            if handler is None:
                return None
            patient = self._handlers[method] = self._patient(handler, method)
        return patient

    async def run(self) -> None:
        """Cancel what is late, until cancelled."""
        while True:
            await trio.sleep(self._seconds / _LOOKS)
            self._sweep(monotonic())

    def _sweep(self, now: float) -> None:
        with self._lock:
            late = [context for deadline, context in self._waiting.values() if deadline <= now]
        for context in late:
            context.cancel()

    def _patient(self, handler: Handler, method: str) -> Handler:
        make: Callable[..., Handler] = (
            grpc.stream_stream_rpc_method_handler
            if handler.response_streaming
            else grpc.stream_unary_rpc_method_handler
        )
        behaviour: Any
        if not handler.request_streaming:
            behaviour = self._first_of(handler.unary_stream or handler.unary_unary)
        elif method.startswith(_REFLECTION):
            behaviour = self._each_of(handler.stream_stream)
        else:
            return handler
        return make(behaviour, handler.request_deserializer, handler.response_serializer)

    def _first_of(self, behaviour: Any) -> Behaviour:
        def serve(requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
            try:
                request = self._next(requests, context)
            except StopIteration:
                abort(context, Invalid("the call brought no request"))
            return behaviour(request, context)

        return serve

    def _each_of(self, behaviour: Any) -> Behaviour:
        def patiently(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            while True:
                try:
                    request = self._next(requests, context)
                except StopIteration:
                    return
                yield request

        def serve(requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
            return behaviour(patiently(requests, context), context)

        return serve

    def _next(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        ticket = object()
        with self._lock:
            self._waiting[ticket] = (monotonic() + self._seconds, context)
        try:
            return next(requests)
        finally:
            with self._lock:
                del self._waiting[ticket]
