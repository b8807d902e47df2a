"""What the edge serves on PORT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotFound
from notifyd.ingress.edge.console.routes import console_routes
from notifyd.ingress.edge.rest.publishing import Publishing
from notifyd.ingress.edge.rest.reception import UNKNOWN_ROUTE, Reception
from notifyd.ingress.edge.rest.routes import endpoints_by_id, router
from notifyd.ingress.edge.rest.streaming import Streaming

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.app import AsgiApp, LongPoll, Pending, PendingUpgrade, StreamHandler, Upgrade
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.realtime import Realtime
    from notifyd.ingress.edge.rest.reception import Endpoint
    from notifyd.ingress.edge.rest.services import RestOptions, RestServices
    from notifyd.wire.http.answer import Answer


class ChannelServiceApp:
    """REST, Server-Sent Events and Swagger UI, and beside them what *realtime* has: an `HttpApp` of the edge."""

    def __init__(self, services: RestServices, options: RestOptions, realtime: Realtime) -> None:
        self._reception = Reception(services, options)
        self._streaming = Streaming(services, self._reception)
        self._realtime = realtime
        durability = services.daemon.about.durability
        beginnings = Publishing(services.publisher, services.clients, self._reception, durability).beginnings()
        self._hot = {operation.path: (operation, beginning) for operation, beginning in beginnings.items()}
        endpoints = endpoints_by_id(services, self._reception, self._streaming)
        console = console_routes(services, self._reception, endpoints)
        #: Starlette's router: takes what the calls below leave.
        self.asgi: AsgiApp = router(self._reception, endpoints, beginnings, console)

    @property
    def options(self) -> RestOptions:
        """The settings in force."""
        return self._reception.options

    def configure(self, options: RestOptions) -> None:
        """Put other settings in force, from the next request on."""
        self._reception.configure(options)

    def fast(self, request: Request) -> Answer | Pending | LongPoll | None:
        """Publishing and Socket.IO's polling, round Starlette; None for everything else."""
        hot = self._hot.get(request.path)
        if hot is None:
            return self._realtime.fast(request)
        if request.method != "POST":
            return None
        operation, beginning = hot
        reception = self._reception
        call = reception.meet(request, operation.path)
        try:
            reception.admit(call, operation.access)
            endpoint = beginning(call)
        except Exception as exc:  # noqa: BLE001 - it is logged where it is no refusal
            return reception.refuse(call, exc)
        return _PendingAnswer(reception, call, endpoint)

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade:
        """WebSocket is spoken at `/`, at Socket.IO's path and at those of the namespaces."""
        decision = self._realtime.upgrade(request)
        if decision is not None:
            return decision
        call = self._reception.meet(request, UNKNOWN_ROUTE)
        return self._reception.refuse(call, NotFound("WebSocket is spoken at / of this port, and on WS_PORT"))

    def stream(self, request: Request) -> StreamHandler | None:
        """Server-Sent Events."""
        return self._streaming.open(request)


class _PendingAnswer:
    """The answer to a publish that waits for the group commit; a `Pending` of the edge."""

    __slots__ = ("_call", "_endpoint", "_reception", "answer")

    def __init__(self, reception: Reception, call: Call, endpoint: Endpoint) -> None:
        self._reception = reception
        self._call = call
        self._endpoint = endpoint
        self.answer: Answer | None = None

    async def wait(self) -> Answer:
        """See `Pending.wait`."""
        self.answer = await self._reception.serve(self._call, self._endpoint)
        return self.answer
