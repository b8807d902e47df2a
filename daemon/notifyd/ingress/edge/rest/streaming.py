"""From a request for Server-Sent Events to the stream, or to the answer that refuses it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.edge.feeds import AckedChannelFeed, AckedInboxFeed, ChannelFeed, InboxFeed
from notifyd.ingress.edge.rest.paths import check_path
from notifyd.ingress.edge.sse import CONTENT_TYPE, EventStream, Refusal, Wish
from notifyd.service.acks import AckWish
from notifyd.service.receiving.attending import together
from notifyd.wire.http.answer import Answer
from notifyd.wire.http.sse import parse_event_id
from notifyd.wire.rest.receiving_operations import STREAM_CHANNEL, STREAM_INBOX

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.ingress.edge.feeds import Feed
    from notifyd.ingress.edge.http.app import StreamHandler
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.ingress.edge.rest.services import RestServices
    from notifyd.model.position import StreamPosition
    from notifyd.store.ports import Attendance

_CHANNEL: Final = re.compile(r"/api/channels/(?P<channel>.*)/events", re.DOTALL)
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
        if request.method != "GET":
            return None
        match = _CHANNEL.fullmatch(request.path)
        if match is None and request.path != STREAM_INBOX.path:
            return None
        operation = STREAM_INBOX if match is None else STREAM_CHANNEL
        call = self._reception.meet(request, operation.path)
        try:
            check_path(request)
            self._reception.admit(call, operation.access)
            feed = self._inbox(call) if match is None else self._channel(call, match["channel"])
            attend = self._attend(call, "" if match is None else match["channel"])
        except NotifydError as exc:
            return Refusal(self._reception.refuse(call, exc))
        wish = Wish(call.who, call.address, feed, attend, self._reception.options.page_bytes)
        return EventStream(self._services.connector, wish, _Door(self._reception, call))

    async def without_channel(self, call: Call) -> Answer:
        """HEAD: what a GET would begin with."""
        return _without_stream(call, self._channel(call, call.params["channel"]))

    async def without_inbox(self, call: Call) -> Answer:
        """HEAD: what a GET would begin with."""
        return _without_stream(call, self._inbox(call))

    def _channel(self, call: Call, channel: str) -> Feed:
        services, since, durable = self._services, _since(call), call.query("durable")
        if call.query_flag("ack"):
            return AckedChannelFeed(services.acks, services.subscriber, channel, AckWish(since, durable or ""))
        if durable is not None:
            raise Invalid("durable goes with ack=true", code="invalid_durable")
        return ChannelFeed(services.subscriber, channel, since)

    def _attend(self, call: Call, channel: str) -> Callable[[], Attendance | None]:
        attending, durable = self._services.attending, call.query("durable") or ""
        if not channel:
            return partial(attending.principal, call.who)
        return lambda: together(attending.principal(call.who), attending.channel(call.who, channel, durable))

    def _inbox(self, call: Call) -> Feed:
        services, since = self._services, _since(call)
        if call.query_flag("ack"):
            return AckedInboxFeed(services.acks, since)
        return InboxFeed(services.subscriber, services.inboxes, since)


def _without_stream(call: Call, feed: Feed) -> Answer:
    if call.request.method != "HEAD":
        raise Invalid("a subscription has no body: leave it out")
    feed.check(call.who)
    return Answer(200, b"", CONTENT_TYPE, _STREAM_HEADERS)


def _since(call: Call) -> StreamPosition | None:
    header = call.headers.get(b"last-event-id")
    # The specification sends it in UTF-8; empty says that there was none.
    position = (call.query("lastEventId") if header is None else header.decode("utf-8", "replace")) or None
    return None if position is None else parse_event_id(position)
