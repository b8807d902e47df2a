"""Subscribing to channels and to the user's inbox, and saying what has arrived."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notifyd.errors import Invalid
from notifyd.ingress.rpc.acking import acknowledge
from notifyd.ingress.rpc.feed import AckedOpening, Feed, FeedServices, Opening
from notifyd.ingress.rpc.link import StreamLink
from notifyd.ingress.rpc.sources import InboxSource, channel_opening, check_channels
from notifyd.service.receiving.inbox import user_of
from notifyd.v1 import client_pb2 as pb
from notifyd.wire.rpc.messages import listen_frame, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.hub.connection import Connection
    from notifyd.ingress.rpc.feed import Answers
    from notifyd.ingress.rpc.public.credentials import Caller
    from notifyd.ingress.rpc.public.gate import Gate
    from notifyd.ingress.rpc.public.services import PublicServices


class SubscribeCalls:
    """A subscription is a connection like any other, only that its frames go into a gRPC stream."""

    def __init__(self, gate: Gate, services: PublicServices, *, outbox_bytes: int) -> None:
        self._gate = gate
        self._inboxes = services.inboxes
        self._services = FeedServices(
            services.connector, services.subscriber, services.inboxes, services.acks, services.attending, outbox_bytes
        )

    async def subscribe(self, request: pb.SubscribeRequest, answers: Answers, caller: Caller) -> None:
        """Serve one subscriber until it leaves or is ended."""
        asker = self._gate.admit(caller)
        self._gate.count(asker)
        principal = self._gate.acting(asker, request.client_id)
        plan = _Subscribing(self._services, request, with_inbox=bool(principal.user_id and not request.without_inbox))
        if request.HasField("inbox_since") and not plan.with_inbox:
            raise Invalid("inbox_since goes with a user's token, and not with without_inbox")
        if request.ack_inbox and not plan.with_inbox:
            raise Invalid("ack_inbox goes with a user's token, and not with without_inbox")
        if not (request.channels or request.broadcasts or plan.with_inbox):
            raise Invalid("name at least one channel, or ask for broadcasts", code="invalid_channel")
        check_channels(request.channels, self._services.subscriber)
        link = StreamLink(
            "rpc", address=caller.address, limit_bytes=self._services.outbox_bytes, broadcasts=request.broadcasts
        )
        await Feed(self._services, link, answers).serve(principal, plan)

    async def ack(self, request: pb.AckRequest, caller: Caller) -> pb.AckResponse:
        """A subscriber has what it was sent, or refuses it."""
        asker = self._gate.admit(caller)
        self._gate.count(asker)
        done = await acknowledge(self._services.acks, asker.principal, request)
        return pb.AckResponse(acked=done.acked, unknown=done.unknown)

    async def ack_inbox(self, request: pb.AckInboxRequest, caller: Caller) -> pb.AckInboxResponse:
        """The user's inbox up to a position has arrived."""
        asker = self._gate.admit(caller)
        self._gate.count(asker)
        principal = self._gate.acting(asker, "")
        await self._inboxes.attend(principal.client_id, user_of(principal))
        if not request.HasField("position"):
            raise Invalid("position is missing")
        return pb.AckInboxResponse(acked=self._inboxes.advance(principal, position_of(request.position)))


class _Subscribing:
    """What a subscriber asked for."""

    #: See `Plan`.
    watched = None

    def __init__(self, services: FeedServices, request: pb.SubscribeRequest, *, with_inbox: bool) -> None:
        self._services = services
        self._request = request
        self.with_inbox = with_inbox

    def openings(self, connection: Connection) -> Sequence[Opening | AckedOpening]:
        """See `Plan`. The inbox comes first: it is what nobody else can have."""
        openings = [self._inbox(connection)] if self.with_inbox else []
        return openings + [
            channel_opening(self._services, connection, wish, ack=wish.ack, durable=wish.durable)
            for wish in self._request.channels
        ]

    def _inbox(self, connection: Connection) -> Opening | AckedOpening:
        request = self._request
        since = position_of(request.inbox_since) if request.HasField("inbox_since") else None
        if request.ack_inbox:
            opening = partial(self._services.acks.open_inbox, connection, since, listen_frame)
            return AckedOpening("", opening, lambda: self._services.attending.principal(connection.principal))
        return Opening(InboxSource(self._services, connection), since)
