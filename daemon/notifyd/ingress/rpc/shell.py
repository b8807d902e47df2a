"""Around every call: into trio through the portal, errors into statuses, a bound on the time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyd.bridge.intake import Intake
from notifyd.bridge.portal import Gone, TrioPortal
from notifyd.clock import monotonic
from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.rpc.faults import Broken, abort, fault_of
from notifyd.ingress.rpc.interface import no_caller
from notifyd.ingress.rpc.reading import readable
from notifyd.ingress.rpc.request_ids import request_id_of, serving
from notifyd.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    import grpc
    from google.protobuf.message import Message

    from notifyd.telemetry.metrics import Counters

log = get_logger("notifyd.rpc")

#: Producers send batches: a thread hop is paid for each.
_BATCHES_AHEAD: Final = 4
_REQUESTS_AHEAD: Final = 256
_OK: Final = "OK"
_CANCELLED: Final = "CANCELLED"


class Shell:
    """Makes behaviours for grpcio, which run in its threads, out of async functions of the daemon."""

    def __init__(
        self,
        portal: TrioPortal,
        counters: Counters,
        *,
        call_timeout_seconds: float,
        on_hung: Callable[[], None],
        caller: Callable[[grpc.ServicerContext], tuple[object, ...]] = no_caller,
        to_operators: bool = False,
    ) -> None:
        """*on_hung* is told when a stream was cut off because its thread hangs in a write.

        What *caller* makes of a call's context is given to the functions behind their other arguments.
        """
        self._portal = portal
        self._caller = caller
        self._to_operators = to_operators
        self._on_hung = on_hung
        self._counters = counters
        self._timeout = call_timeout_seconds
        self._token = trio.lowlevel.current_trio_token()

    def unary(self, name: str, function: Callable[..., Awaitable[Message]]) -> Callable[..., Any]:
        """One request, one answer: `await function(request)`."""
        hosted = self._timed(name, self._hosted(name, function))

        def serve(request: Message, context: grpc.ServicerContext) -> Any:
            request_id = request_id_of(context)
            try:
                arguments = (request_id, readable(request), *self._caller(context))
                return self._portal.call(hosted, *arguments, peer=context, timeout=self._timeout)
            except Exception as exc:  # noqa: BLE001 every end of a call is told
                abort(context, exc, request_id, to_operators=self._to_operators)

        return serve

    def stream(self, name: str, function: Callable[..., Awaitable[None]]) -> Callable[..., Iterator[Any]]:
        """One request, many answers: `await function(request, answers)` sends them in batches."""
        hosted = self._hosted(name, function)

        def serve(request: Message, context: grpc.ServicerContext) -> Iterator[Any]:
            request_id = request_id_of(context)
            yield from self._answers(
                lambda answers, caller: hosted(request_id, readable(request), answers, *caller), context, request_id
            )

        return serve

    def duplex(self, name: str, function: Callable[..., Awaitable[None]]) -> Callable[..., Iterator[Any]]:
        """Many requests, many answers: `await function(intake, answers)` takes and sends batches."""
        hosted = self._hosted(name, function)

        def serve(requests: Iterator[Message], context: grpc.ServicerContext) -> Iterator[Any]:
            request_id = request_id_of(context)
            intake: Intake[Message] = Intake(self._token, _REQUESTS_AHEAD)
            refusals: list[Invalid] = []
            # grpcio's iterator of requests blocks, and this thread is busy with the answers
            arguments = (requests, intake, refusals)
            threading.Thread(target=_pump, args=arguments, name=f"rpc-{name}", daemon=True).start()
            try:
                yield from self._answers(
                    lambda answers, caller: hosted(request_id, intake, answers, *caller), context, request_id
                )
            finally:
                intake.abandon()
            if refusals:
                abort(context, refusals[0], request_id, to_operators=self._to_operators)

        return serve

    def _answers(
        self,
        produce: Callable[[trio.MemorySendChannel[Any], tuple[object, ...]], Awaitable[None]],
        context: grpc.ServicerContext,
        request_id: str,
    ) -> Iterator[Any]:
        peer = _Peer(context, self._on_hung)
        try:
            caller = self._caller(context)
            batches: Iterator[Sequence[Any]] = self._portal.stream(
                lambda answers: produce(answers, caller), peer=peer, buffer=_BATCHES_AHEAD
            )
            for batch in batches:
                yield from batch
        except Exception as exc:  # noqa: BLE001 every end of a call is told
            abort(context, exc, request_id, to_operators=self._to_operators)

    def _hosted(self, name: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """*function* as it runs in trio: counted, named in the log, its own faults caught with their traceback."""

        async def hosted(request_id: str, *args: object) -> Any:
            self._counters.rpc_calls += 1
            with serving(name, request_id):
                try:
                    return await function(*args)
                except (NotifydError, TimeoutError):
                    raise
                except trio.TooSlowError as exc:
                    raise TimeoutError(name) from exc
                except Exception as exc:
                    self._counters.errors += 1
                    log.exception("rpc_failed")
                    raise Broken(request_id) from exc

        return hosted

    def _timed(self, name: str, hosted: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """*hosted*, its time taken by the status that it ends with; for calls with one answer."""

        async def timed(request_id: str, *args: object) -> Any:
            begun, code = monotonic(), _CANCELLED
            try:
                answer = await hosted(request_id, *args)
                code = _OK
            except Exception as exc:
                code = fault_of(exc).status.name
                raise
            finally:
                seconds = monotonic() - begun
                self._counters.times.rpc.of(name, code).observe(seconds)
                log.debug("rpc_call", rpc=name, request_id=request_id, code=code, ms=round(seconds * 1000, 3))
            return answer

        return timed


class _Peer:
    """The context of a stream, whose cancelling may not be enough."""

    def __init__(self, context: grpc.ServicerContext, on_hung: Callable[[], None]) -> None:
        self.add_callback = context.add_callback
        self._cancel = context.cancel
        self._on_hung = on_hung

    def cancel(self) -> None:
        self._cancel()
        self._on_hung()


def _pump(requests: Iterator[Message], intake: Intake[Message], refusals: list[Invalid]) -> None:
    """Hand over what comes, up to what cannot be read."""
    try:
        for request in requests:
            intake.put(readable(request))
    except Gone:
        return
    except Invalid as exc:
        refusals.append(exc)
    except Exception as exc:  # noqa: BLE001 grpcio raises a bare Exception when the caller has left
        log.debug("rpc_requests_ended", reason=str(exc))
    finally:
        intake.end()
