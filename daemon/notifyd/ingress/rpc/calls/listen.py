"""An operator's subscription: a position for each channel, then the replay, then live."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notifyd.errors import Invalid
from notifyd.ingress.rpc.feed import AckedOpening, Feed, FeedServices, Opening
from notifyd.ingress.rpc.link import StreamLink
from notifyd.ingress.rpc.sources import WatchedInbox, channel_opening, check_channels
from notifyd.model.principal import operator, standing_in
from notifyd.policy.naming.targets import check_user
from notifyd.wire.rpc.messages import client_of, listen_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.hub.connection import Connection
    from notifyd.ingress.rpc.feed import Answers
    from notifyd.ingress.rpc.services import AdminServices
    from notifyd.model.ids import ClientId
    from notifyd.v1 import admin_pb2 as pb


class ListenCalls:
    """Listening to channels, to broadcasts and to the inbox of a user."""

    def __init__(self, services: AdminServices) -> None:
        self._clients = services.clients
        self._services = FeedServices(
            services.connector,
            services.subscriber,
            services.inboxes,
            services.acks,
            services.attending,
            services.outbox_bytes,
        )

    async def listen(self, request: pb.ListenRequest, answers: Answers) -> None:
        """Serve one listener until it leaves or is ended."""
        if not request.channels and not request.broadcasts and not request.user_id:
            raise Invalid("name at least one channel or a user, or ask for broadcasts", code="invalid_channel")
        check_channels(request.channels, self._services.subscriber)
        client_id = self._clients.known(client_of(request.client_id))
        plan = _Listening(self._services, request, client_id)
        if request.ack_inbox and not request.user_id:
            raise Invalid("ack_inbox is about the inbox of a user: name the user", code="invalid_user")
        link = StreamLink("admin", limit_bytes=self._services.outbox_bytes, broadcasts=request.broadcasts)
        principal = standing_in(client_id, check_user(request.user_id)) if request.ack_inbox else operator(client_id)
        await Feed(self._services, link, answers).serve(principal, plan)


class _Listening:
    """What a listener asked for."""

    def __init__(self, services: FeedServices, request: pb.ListenRequest, client_id: ClientId) -> None:
        self._services = services
        self._request = request
        watches = request.user_id and not request.ack_inbox
        #: See `Plan`.
        self.watched = WatchedInbox(services, client_id, check_user(request.user_id)) if watches else None

    def openings(self, connection: Connection) -> Sequence[Opening | AckedOpening]:
        """See `Plan`."""
        request = self._request
        return [*self._inbox(connection), *(self._channel(connection, wish) for wish in request.channels)]

    def _inbox(self, connection: Connection) -> Sequence[Opening | AckedOpening]:
        if self.watched is not None:
            return [Opening(self.watched)]
        if not self._request.ack_inbox:
            return []
        most, acks, attending = self._request.max_unacked, self._services.acks, self._services.attending
        opening = partial(acks.open_inbox, connection, None, listen_frame, max_unacked=most)
        return [AckedOpening("", opening, lambda: attending.principal(connection.principal))]

    def _channel(self, connection: Connection, wish: pb.ChannelSince) -> Opening | AckedOpening:
        request = self._request
        return channel_opening(
            self._services,
            connection,
            wish,
            ack=request.ack,
            durable=request.durable,
            max_unacked=request.max_unacked,
        )
