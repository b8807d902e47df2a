"""What users ask of the daemon over a connection, and what they are answered, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from notifyd.clock import iso_ms, monotonic
from notifyd.errors import Conflict, Denied, Invalid, NotAuthenticated, NotifydError
from notifyd.ingress.edge.namespaces.acking import Acknowledged, AckRequests
from notifyd.ingress.edge.namespaces.sources import ChannelSource
from notifyd.model.publication import Publication
from notifyd.policy.access.rate import TokenBucket
from notifyd.service.access.limits import rate_limited
from notifyd.service.acks import AckWish
from notifyd.wire.namespaces.jobs import job_command
from notifyd.wire.native import MaxUnacked, Since
from notifyd.wire.presence import presence_fields

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.model.command import Publish
    from notifyd.model.disconnect import Disconnect
    from notifyd.model.principal import Principal
    from notifyd.store.ports import Attendance

T = TypeVar("T")

Answer = dict[str, Any]


class _Subscribe(msgspec.Struct):
    channel: str
    since: Since | None = None
    ack: bool = False
    durable: str = ""
    max_unacked: MaxUnacked = msgspec.field(default=0, name="maxUnacked")


class _Unsubscribe(msgspec.Struct):
    channel: str


class _Presence(msgspec.Struct):
    channel: str


class _Authenticate(msgspec.Struct):
    token: str


class Encoders(msgspec.Struct, frozen=True):
    """How a connection makes a frame of a publication: as it is, and asking for an ack."""

    plain: Callable[[Publication], bytes]
    asking: Callable[[Publication], bytes]


class Subscribed(msgspec.Struct, frozen=True):
    """The answer to a subscribe.

    Once it was written, and before anybody awaits, *source* is to be begun with, or *start* to be called; where there
    is neither, it is live. What is left of an earlier subscribe to the channel is to be dropped.
    """

    answer: Answer
    source: ChannelSource | None = None
    start: Callable[[], None] | None = None


class Requests:
    """The requests of one authenticated connection."""

    __slots__ = ("_acks", "_bucket", "_bucket_rate", "_connection", "_rules", "_services")

    def __init__(self, services: NamespaceServices, rules: NamespaceRules, connection: Connection) -> None:
        self._services = services
        self._rules = rules
        self._connection = connection
        self._acks = AckRequests(services, connection)
        self._bucket: TokenBucket | None = None
        self._bucket_rate = 0

    async def publish(self, body: object) -> Answer:
        """`notification-job`: hand in a notification; the answer is the receipt.

        Raises:
            NotifydError: nothing was accepted.
        """
        try:
            principal, command = self._job(body)
        except NotifydError:
            self._services.publisher.refused()
            raise
        accepted = await self._services.publisher.submit(principal, command).result()
        answer: Answer = {
            "success": True,
            "notificationId": accepted.id,
            "status": "accepted",
            "durability": self._services.durability,
        }
        return answer | {"requestId": command.request_id} if command.request_id else answer

    def _job(self, body: object) -> tuple[Principal, Publish]:
        principal = self._principal()
        if not self._rules.users_may_publish:
            raise Denied("users may not publish here: clients.users_may_publish is off", code="publishing_forbidden")
        self._take()
        return principal, job_command(body, principal.client_id)

    def _take(self) -> None:
        now, rate = monotonic(), self._rules.publishes_per_minute
        if self._bucket is None or self._bucket_rate != rate:
            self._bucket, self._bucket_rate = TokenBucket(per_minute=rate, burst=rate, now=now), rate
        allowance = self._bucket.take(now)
        if not allowance.allowed:
            self._services.counters.rate_limited += 1
            raise rate_limited(allowance)

    def authenticate(self, body: object) -> Answer:
        """Go on with another token of the same user.

        Raises:
            NotAuthenticated: the token is not good; the connection ends with the one before.
            Conflict: it is another user's.
        """
        before = self._principal()
        token = _convert(body, _Authenticate).token
        principal = self._services.connector.token_principal(
            token, before.client_id, address=self._connection.link.address, transport=self._connection.link.transport
        )
        if principal.user_id != before.user_id:
            raise Conflict("the token is another user's: open another connection", code="already_authenticated")
        # The connection has joined already, and must not be sent again what it was served meanwhile.
        lost = self._services.connector.enter(self._connection, principal, join=False)
        answer: Answer = {"success": True, "userId": principal.user_id}
        if principal.expires_at is not None:
            answer["expiresAt"] = iso_ms(principal.expires_at)
        if lost:
            answer["unsubscribed"] = lost
        return answer

    @property
    def live(self) -> bool:
        """Whether the connection is still there."""
        return not self._connection.ended

    def attend(self, body: object) -> Attendance | None:
        """What has to be at hand before `subscribe`; None where it is.

        Raises:
            Invalid: *body* names no channel.
        """
        wanted = _convert(body, _Subscribe)
        return self._services.attending.channel(self._connection.principal, wanted.channel, wanted.durable)

    def subscribe(self, body: object, encoders: Encoders) -> Subscribed:
        """Ask for a channel, and with `since` for what came after that position.

        Raises:
            NotifydError: nothing has changed.
        """
        wanted = _convert(body, _Subscribe)
        since = None if wanted.since is None else wanted.since.position()
        if wanted.ack:
            wish = AckWish(since, wanted.durable, wanted.max_unacked)
            told, start = self._acks.subscribe(wanted.channel, wish, encoders.asking)
            return Subscribed(told, start=start)
        if wanted.durable:
            raise Invalid("durable goes with ack: true", code="invalid_durable")
        found = self._services.subscriber.check(self._connection, wanted.channel, since)
        position = {"epoch": found.position.epoch, "offset": found.position.offset}
        answer: Answer = {"success": True, "channel": wanted.channel, "position": position}
        if since is not None:
            answer |= {"recovered": found.recovered, "replayed": len(found.replay), "skipped": found.skipped}
        if since is None or not found.replay:
            self._services.subscriber.go_live(self._connection, wanted.channel, found.position)
            return Subscribed(answer)
        source = ChannelSource(self._services, self._connection, wanted.channel, since, encoders.plain)
        return Subscribed(answer, source)

    async def ack(self, body: object) -> Answer:
        """See `AckRequests.ack`."""
        return await self._acks.ack(_convert(body, Acknowledged))

    async def nack(self, body: object) -> Answer:
        """See `AckRequests.nack`."""
        return await self._acks.nack(_convert(body, Acknowledged))

    def receive_inbox(self, encoders: Encoders, *, max_unacked: int = 0) -> None:
        """See `AckRequests.receive_inbox`."""
        self._acks.receive_inbox(encoders.asking, max_unacked=max_unacked)

    def unsubscribe(self, body: object) -> Answer:
        """Stop a channel.

        Raises:
            Invalid: *body* names none.
        """
        channel = _convert(body, _Unsubscribe).channel
        self._services.subscriber.unsubscribe(self._connection, channel)
        return {"success": True, "channel": channel}

    def presence(self, body: object) -> Answer:
        """Ask who is in a channel.

        Raises:
            Invalid: *body* names none.
            Denied: the token does not allow it, or nobody is told.
        """
        principal = self._principal()
        view = self._services.presence.members(principal, principal.client_id, _convert(body, _Presence).channel)
        return {"success": True, **presence_fields(view)}

    def _principal(self) -> Principal:
        principal = self._connection.principal
        if principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        return principal


def _convert(body: object, shape: type[T]) -> T:
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as exc:
        raise Invalid(str(exc), code="invalid_message") from exc


def refusal(problem: NotifydError) -> Answer:
    """What an ack says of a request that was refused."""
    error: Answer = {"code": problem.code, "message": problem.told}
    if problem.retry_after_seconds is not None:
        error["retryAfter"] = round(problem.retry_after_seconds, 3)
    if problem.request_id:
        error["requestId"] = problem.request_id
    return {"success": False, "error": error}


def exception(problem: NotifydError) -> Answer:
    """What the event `exception` says where no ack was asked for."""
    return {"status": "error", **refusal(problem)["error"]}


def ending(disconnect: Disconnect) -> Answer:
    """What the event `exception` says before a connection ends that is not to come back."""
    return {
        "status": "error",
        "code": disconnect.code,
        "reason": disconnect.reason,
        "message": disconnect.reason,
        "reconnect": disconnect.reconnect,
    }
