"""Publishing, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotFound, NotifydError
from notifyd.ingress.rpc.endings import ending
from notifyd.ingress.rpc.link import StreamLink
from notifyd.ingress.rpc.publishing import Submission
from notifyd.ingress.rpc.request_ids import current_request_id
from notifyd.v1 import client_pb2 as pb
from notifyd.wire.rpc.messages import publish_command, receipt_message

if TYPE_CHECKING:
    import trio

    from notifyd.bridge.intake import Intake
    from notifyd.ingress.rpc.public.credentials import Caller
    from notifyd.ingress.rpc.public.gate import Asker, Gate
    from notifyd.ingress.rpc.public.services import PublicServices
    from notifyd.store.ports import Pending
    from notifyd.v1 import types_pb2


class PublishCalls:
    """One, or many on a stream."""

    def __init__(self, gate: Gate, services: PublicServices) -> None:
        self._gate = gate
        self._connector = services.connector
        self._publisher = services.publisher
        durability = services.daemon.about.durability
        self._submission = Submission(self._publisher, durability, result=pb.PublishStreamResult, refusal=pb.Refusal)

    async def publish(self, request: types_pb2.PublishRequest, caller: Caller) -> types_pb2.PublishResponse:
        """Take one notification in."""
        try:
            asker = self._gate.admit(caller)
        except NotifydError:
            self._publisher.refused()
            raise
        return await self._submission.one(lambda wanted: self._submit(asker, wanted), request)

    async def publish_stream(
        self,
        intake: Intake[types_pb2.PublishRequest],
        answers: trio.MemorySendChannel[list[pb.PublishStreamResult]],
        caller: Caller,
    ) -> None:
        """Take many in; all that have arrived share one commit.

        The stream is a connection like any other: it counts as one, and ends with its credential.
        """
        asker = self._gate.admit(caller)
        link = StreamLink("rpc", address=caller.address, limit_bytes=0)
        connection = self._connector.admit(link)
        try:
            self._connector.enter(connection, self._gate.acting(asker, ""))
            with link.scope:
                await self._submission.many(lambda wanted: self._submit(asker, wanted), intake, answers)
                return
        finally:
            self._connector.leave(connection)
        raise ending(link.disconnect)

    def _submit(self, asker: Asker, request: types_pb2.PublishRequest) -> Pending:
        try:
            self._gate.count(asker)
            principal = self._gate.acting(asker, request.client_id)
            command = publish_command(request, current_request_id())
        except NotifydError:
            self._publisher.refused()
            raise
        return self._publisher.submit(principal, command)


class ReceiptCalls:
    """What became of a notification."""

    def __init__(self, gate: Gate, services: PublicServices) -> None:
        self._gate = gate
        self._notifications = services.notifications

    async def get_receipt(self, request: pb.GetReceiptRequest, caller: Caller) -> types_pb2.Receipt:
        """The receipt: a key sees those of its client, a user those of what it submitted, an operator all."""
        asker = self._gate.admit(caller)
        self._gate.count(asker)
        principal = asker.principal
        receipt = await self._notifications.receipt(principal.client_id if principal else None, request.id)
        if principal is not None and principal.user_id and receipt.submitted_by != principal.credential:
            # in the words of one that is not there, so that nothing is learned of others
            raise NotFound("there is no such notification, or its receipt was dropped", code="notification_not_found")
        return receipt_message(receipt)
