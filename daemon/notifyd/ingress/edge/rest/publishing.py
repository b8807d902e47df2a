"""Publish one notification, a broadcast, or a batch: the hot calls.

Each is begun without waiting and gives an endpoint that waits for the receipt. Both ways in use the same two steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.clock import ms_of
from notifyd.errors import Denied, FieldProblem, Invalid
from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.model.command import Publish
from notifyd.model.ids import ClientId, UserId
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.model.principal import Principal, operator
from notifyd.policy.fields import refuse
from notifyd.policy.publishing.publish import check_idempotency_key
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.bodies import BatchAccepted, BatchBody, BroadcastBody, NotificationBody
from notifyd.wire.rest.client_bodies import UserNotificationBody
from notifyd.wire.rest.client_operations import PUBLISH_TO_USERS
from notifyd.wire.rest.operations import BROADCAST, PUBLISH, PUBLISH_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Endpoint, Reception
    from notifyd.service.clients.clients import Clients
    from notifyd.service.publishing.publish import Publisher
    from notifyd.store.ports import Pending
    from notifyd.wire.rest.operation import Operation

#: Begins a call: refuses it by an error, or gives the endpoint that waits for the rest.
Beginning = Callable[["Call"], "Endpoint"]

_notification: Final = msgspec.json.Decoder(NotificationBody)
_broadcast: Final = msgspec.json.Decoder(BroadcastBody)
_batch: Final = msgspec.json.Decoder(BatchBody)
_to_users: Final = msgspec.json.Decoder(UserNotificationBody)
_REPLAYED: Final = ((b"Idempotency-Replayed", b"true"),)


class Publishing:
    """Hands notifications in."""

    def __init__(self, publisher: Publisher, clients: Clients, reception: Reception, durability: str) -> None:
        self._publisher = publisher
        self._clients = clients
        self._reception = reception
        self._durability = durability
        self._accepted_tail = b'","status":"accepted","durability":"%b"}' % durability.encode()

    def beginnings(self) -> Mapping[Operation, Beginning]:
        """How each of the hot operations begins."""
        return {
            PUBLISH: self.publish,
            BROADCAST: self.broadcast,
            PUBLISH_BATCH: self.publish_batch,
            PUBLISH_TO_USERS: self.publish_to_users,
        }

    def publish(self, call: Call) -> Endpoint:
        """Publish to a channel."""
        body = decode_body(call, _notification, max_bytes=self._reception.options.max_body_bytes)
        command = _command(call, Kind.CHANNEL, body.channel, body, _idempotency_key(call))
        call.submitted = True
        return _Receipt(self._publisher.submit(call.who, command), self._accepted_tail)

    def broadcast(self, call: Call) -> Endpoint:
        """Publish to every connection of the client."""
        body = decode_body(call, _broadcast, max_bytes=self._reception.options.max_body_bytes)
        command = _command(call, Kind.BROADCAST, body.channel or "", body, _idempotency_key(call))
        call.submitted = True
        return _Receipt(self._publisher.submit(call.who, command), self._accepted_tail)

    def publish_batch(self, call: Call) -> Endpoint:
        """Publish several, all or none."""
        options = self._reception.options
        body = decode_body(call, _batch, max_bytes=options.max_body_bytes)
        if not 0 < len(body.notifications) <= options.max_batch:
            raise Invalid(f"notifications holds {len(body.notifications)}, it must hold 1 to {options.max_batch}")
        if b"idempotency-key" in call.headers:
            raise Invalid(
                "Idempotency-Key goes with one notification: publish them one by one, or leave it out",
                code="invalid_idempotency_key",
            )
        commands = [_command(call, Kind.CHANNEL, entry.channel, entry, "") for entry in body.notifications]
        call.submitted = True
        return _Receipts(self._publisher.submit_batch(call.who, commands), self._durability)

    def publish_to_users(self, call: Call) -> Endpoint:
        """Publish to users of one client."""
        body = decode_body(call, _to_users, max_bytes=self._reception.options.max_body_bytes)
        refuse(_problems(body, operator=call.operator))
        principal = self._producer(call, body.client_id)
        users = tuple(UserId(str(user)) for user in body.users)
        command = _command(call, Kind.USERS, "", body, _idempotency_key(call), users)
        call.submitted = True
        return _Receipt(self._publisher.submit(principal, command), self._accepted_tail)

    def _producer(self, call: Call, client_id: str | None) -> Principal:
        if call.operator:
            return operator(self._clients.known(ClientId(client_id or "")))
        principal = call.who
        if client_id not in (None, principal.client_id):
            # Nothing tells whether there is such a client.
            raise Denied("the API key belongs to another client than clientId names", code="wrong_client")
        return principal


class _Receipt:
    """Waits until one notification is kept."""

    __slots__ = ("_pending", "_tail")

    def __init__(self, pending: Pending, tail: bytes) -> None:
        self._pending = pending
        self._tail = tail

    async def __call__(self, call: Call) -> Answer:
        accepted = await self._pending.result()
        body = b'{"success":true,"notificationId":"%b%b' % (accepted.id.encode(), self._tail)
        return Answer(202, body, headers=_REPLAYED if accepted.duplicate else ())


class _Receipts:
    """Waits until a batch is kept."""

    __slots__ = ("_durability", "_pendings")

    def __init__(self, pendings: Sequence[Pending], durability: str) -> None:
        self._pendings = pendings
        self._durability = durability

    async def __call__(self, call: Call) -> Answer:
        ids: list[str] = [(await pending.result()).id for pending in self._pendings]
        return Answer(202, encode(BatchAccepted(notification_ids=ids, durability=self._durability)))


def _problems(body: UserNotificationBody, *, operator: bool) -> list[FieldProblem]:
    problems = []
    if operator and not body.client_id:
        problems.append(FieldProblem("clientId", "is missing: name the client whose users these are"))
    if not body.users:
        problems.append(FieldProblem("users", "is empty: name one user at least"))
    payload, data = bytes(body.payload), bytes(body.data)
    if not payload and not data:
        problems.append(FieldProblem("payload", "is missing"))
    elif payload and data and not _same(payload, data):
        problems.append(FieldProblem("payload", "and data are one value under two names, and here they differ"))
    return problems


def _same(one: bytes, other: bytes) -> bool:
    try:
        return one == other or msgspec.json.decode(one) == msgspec.json.decode(other)
    except RecursionError:
        return False


def _command(
    call: Call,
    kind: Kind,
    channel: str,
    body: NotificationBody | BroadcastBody | UserNotificationBody,
    idempotency_key: str,
    users: tuple[UserId, ...] = (),
) -> Publish:
    payload = b"" if isinstance(body, (NotificationBody, BroadcastBody)) else bytes(body.payload)
    return Publish(
        kind,
        channel,
        payload or bytes(body.data),
        bytes(body.metadata),
        DEFAULT_PRIORITY if body.priority is None else body.priority,
        body.ttl,
        _milliseconds(body.expires_at),
        body.delay,
        _milliseconds(body.deliver_at),
        idempotency_key,
        users,
        (),
        call.request_id,
    )


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else ms_of(instant)


def _idempotency_key(call: Call) -> str:
    sent = call.headers.get(b"idempotency-key")
    return "" if sent is None else check_idempotency_key(sent.decode("latin-1"))
