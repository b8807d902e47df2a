"""What is common to all calls: their names, the gate, the headers of every answer, refusals, the access log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from notifyd.clock import monotonic
from notifyd.errors import NotifydError
from notifyd.ingress.edge.console.door import ConsoleDoor
from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.rest.call import Call
from notifyd.ingress.edge.rest.cookies import OF_COOKIES
from notifyd.ingress.edge.rest.cors import CREDENTIALS, VARY, allow_headers
from notifyd.ingress.edge.rest.gate import Gate
from notifyd.ingress.faults import http_fault, internal_fault
from notifyd.telemetry import get_logger
from notifyd.wire.http.answer import Answer
from notifyd.wire.rest.client_operations import PUBLISH_TO_USERS
from notifyd.wire.rest.operation import OF_USERS, Access
from notifyd.wire.rest.operations import BROADCAST, PUBLISH, PUBLISH_BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.rest.services import RestOptions, RestServices
    from notifyd.ingress.faults import Headers
    from notifyd.policy.access.rate import Allowance

log = get_logger("notifyd.rest")

Endpoint = Callable[[Call], Awaitable[Answer]]

_PUBLISH_ROUTES: Final = frozenset(
    operation.path for operation in (PUBLISH, BROADCAST, PUBLISH_BATCH, PUBLISH_TO_USERS)
)

#: Logged in the place of a path that is none of ours: what stands in it is anybody's, a key perhaps.
UNKNOWN_ROUTE: Final = "(unknown)"


#: Anybody can send any method: what is none of these is "other" in the metrics.
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_CLASSES: Final = ("", "1xx", "2xx", "3xx", "4xx", "5xx")


class Reception:
    """Meets every call, and sees it off."""

    def __init__(self, services: RestServices, options: RestOptions) -> None:
        self._services = services
        self.configure(options)

    def configure(self, options: RestOptions) -> None:
        """Put other settings in force."""
        self.options = options
        self._proxies = TrustedProxies(options.trusted_proxies)
        self.console = ConsoleDoor(
            self._services, options.console, options.admin_token, dev=options.dev, proxies=self._proxies
        )
        self._gate = Gate(self._services, options)

    def meet(self, request: Request, route: str) -> Call:
        """A call, named and not let in yet."""
        call = Call(request, route, monotonic())
        call.address = self._proxies.client_address(request)
        return call

    def admit(self, call: Call, access: Access) -> None:
        """Pass when it may go on; see `Gate.admit`, and `ConsoleDoor.admit`."""
        if access is Access.CONSOLE:
            call.access = access
            self.console.admit(call)
        else:
            self._gate.admit(call, access)

    def check_secret(self, call: Call, client_id: str) -> None:
        """Pass when it may go on for that client; see `Gate.check_secret`."""
        self._gate.check_secret(call, client_id)

    async def serve(self, call: Call, endpoint: Endpoint) -> Answer:
        """The answer of *endpoint*, or the refusal that it ended in."""
        try:
            answer = await endpoint(call)
        except Exception as exc:  # noqa: BLE001 - it is logged where it is no refusal
            return self.refuse(call, exc)
        return self.see_off(call, answer)

    def refuse(self, call: Call, problem: Exception) -> Answer:
        """The answer to a call that ended in *problem*: a refusal, or else a fault of ours."""
        if isinstance(problem, NotifydError):
            if call.route in _PUBLISH_ROUTES and call.request.method == "POST" and not call.submitted:
                self._services.publisher.refused()
            fault = http_fault(problem, call.request_id)
        else:
            self._services.counters.errors += 1
            log.error("request_failed", route=call.route, request_id=call.request_id, exc_info=problem)
            fault = internal_fault(call.request_id)
        return self.see_off(call, Answer(fault.status, fault.body, headers=fault.headers))

    def see_off(self, call: Call, answer: Answer) -> Answer:
        """*answer* with the headers that every answer has, counted and logged."""
        method = call.request.method if call.request.method in _METHODS else "other"
        counters, seconds = self._services.counters, monotonic() - call.started_at
        counters.http_requests += 1
        counters.times.http.of(method, call.route, _CLASSES[answer.status // 100]).observe(seconds)
        headers: Headers = ((b"X-Request-Id", call.request_id.encode("ascii")),)
        if call.allowance is not None:
            headers += _rate_limit_headers(call.allowance)
        if call.access is not Access.CONSOLE and (self.options.allowed_origins or call.access in OF_USERS):
            headers += self._for_pages(call)
        log.debug(
            "http_request",
            method=call.request.method,
            route=call.route,
            status=answer.status,
            ms=round(seconds * 1000, 3),
            request_id=call.request_id,
        )
        return Answer(answer.status, answer.body, answer.content_type, headers + answer.headers, answer.close)

    def _for_pages(self, call: Call) -> Headers:
        allowed: Sequence[str] = self.options.allowed_origins
        origin = call.headers.get(b"origin")
        if call.access in OF_USERS:
            # Pages of the clients' own, with tokens that they hold. No address makes a call good by itself, and a
            # cookie only where the gate has seen that the page is its client's.
            sent = "" if origin is None else origin.decode("latin-1")
            own = self._services.clients.has_origin(sent)
            if call.by_cookie or (own and call.access in OF_COOKIES and call.request.method == "OPTIONS"):
                return (*allow_headers(origin, (sent,)), CREDENTIALS)
            return allow_headers(origin, (*allowed, sent) if own else allowed) or (VARY,)
        return allow_headers(origin, allowed)


def _rate_limit_headers(allowance: Allowance) -> Headers:
    return (
        (b"RateLimit-Limit", b"%d" % allowance.limit),
        (b"RateLimit-Remaining", b"%d" % allowance.remaining),
        (b"RateLimit-Reset", b"%d" % allowance.reset_seconds),
    )
