"""Calls that are not let in end before anything of them is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import grpc

from notifyd.ingress.rpc.faults import abort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyd.bridge.portal import TrioPortal

#: Telling somebody that it may not is no work.
_REFUSING_SECONDS = 5.0


class CallGate(Protocol):
    """Decides by the head of a call."""

    def admits(self, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
        """Whether the call is let in; asked in a thread of grpcio."""

    async def refuse(self, metadata: Iterable[tuple[str, Any]], peer: str) -> None:
        """Raise why it was not; called in the daemon's own thread."""


class Admission(grpc.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Asks the gate about every call, whatever service it is for, and whether or not there is one."""

    def __init__(self, gate: CallGate) -> None:
        self._gate = gate
        self._portal: TrioPortal | None = None
        # As a stream of requests: any other kind would wait for the request, for as long as the peer likes.
        self._refusal: grpc.RpcMethodHandler[Any, Any] = grpc.stream_unary_rpc_method_handler(self._refuse)

    def open(self, portal: TrioPortal) -> None:
        """Refusals go through *portal* from now on; before, no call comes."""
        self._portal = portal

    def intercept_service(self, continuation: Callable[..., Any], handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of the call, or the one that refuses it."""
        if self._gate.admits(handler_call_details.invocation_metadata or ()):
            return continuation(handler_call_details)
        return self._refusal

    def _refuse(self, _requests: object, context: grpc.ServicerContext) -> Any:
        assert self._portal is not None, "the server starts behind it"
        metadata = tuple(context.invocation_metadata() or ())
        try:
            self._portal.call(self._gate.refuse, metadata, context.peer(), peer=context, timeout=_REFUSING_SECONDS)
        except Exception as exc:  # noqa: BLE001 every end of a call is told
            abort(context, exc)
