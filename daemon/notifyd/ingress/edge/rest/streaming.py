"""From a request for Server-Sent Events to the stream, or to the answer that refuses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.edge.rest.paths import check_path
from notifyd.ingress.edge.sse import CONTENT_TYPE, EventStream, Refusal, Wish
from notifyd.wire.http_answer import Answer
from notifyd.wire.operations import STREAM_CHANNEL
from notifyd.wire.sse import parse_event_id

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.app import StreamHandler
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.ingress.edge.rest.services import RestServices

_PATH: Final = re.compile(r"/api/channels/(?P<channel>.*)/events", re.DOTALL)
_STREAM_HEADERS: Final = (
    (b"Cache-Control", b"no-store"),
    # nginx holds answers back to make them larger; this asks it not to.
    (b"X-Accel-Buffering", b"no"),
)


class _Door:
    """`sse.Doorman` of one call."""

    def __init__(self, reception: Reception, call: Call) -> None:
        self._reception = reception
        self._call = call

    def accept(self, content_type: bytes) -> Answer:
        """See `Doorman.accept`."""
        return self._reception.see_off(self._call, Answer(200, b"", content_type, _STREAM_HEADERS))

    def refuse(self, problem: NotifydError) -> Answer:
        """See `Doorman.refuse`."""
        return self._reception.refuse(self._call, problem)


class Streaming:
    """Opens streams."""

    def __init__(self, services: RestServices, reception: Reception) -> None:
        self._services = services
        self._reception = reception

    def open(self, request: Request) -> StreamHandler | None:
        """The stream that *request* asks for; None: it asks for something else."""
        match = _PATH.fullmatch(request.path) if request.method == "GET" else None
        if match is None:
            return None
        call = self._reception.meet(request, STREAM_CHANNEL.path)
        try:
            check_path(request)
            self._reception.admit(call, STREAM_CHANNEL.access)
            wish = self._wish(call, match["channel"])
        except NotifydError as exc:
            return Refusal(self._reception.refuse(call, exc))
        services = self._services
        return EventStream(services.connector, services.subscriber, wish, _Door(self._reception, call))

    async def without_stream(self, call: Call) -> Answer:
        """HEAD: what a GET would begin with."""
        if call.request.method != "HEAD":
            raise Invalid("a subscription has no body: leave it out")
        wish = self._wish(call, call.params["channel"])
        self._services.subscriber.look(wish.principal, wish.channel, None)
        return Answer(200, b"", CONTENT_TYPE, _STREAM_HEADERS)

    def _wish(self, call: Call, channel: str) -> Wish:
        header = call.headers.get(b"last-event-id")
        # The specification sends it in UTF-8; empty says that there was none.
        position = (call.query("lastEventId") if header is None else header.decode("utf-8", "replace")) or None
        since = None if position is None else parse_event_id(position)
        return Wish(call.who, call.address, channel, since, self._reception.options.page_bytes)
