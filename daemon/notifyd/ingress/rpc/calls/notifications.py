"""Publishing, receipts, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotifydError
from notifyd.ingress.rpc.publishing import Submission
from notifyd.ingress.rpc.request_ids import current_request_id
from notifyd.model.principal import operator
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import client_of, publish_command, receipt_message

if TYPE_CHECKING:
    import trio

    from notifyd.bridge.intake import Intake
    from notifyd.ingress.rpc.services import AdminServices
    from notifyd.store.ports import Pending
    from notifyd.v1 import types_pb2


class NotificationCalls:
    """What an operator submits, and what became of any notification."""

    def __init__(self, services: AdminServices) -> None:
        self._clients = services.clients
        self._publisher = services.publisher
        self._notifications = services.notifications
        durability = services.daemon.about.durability
        self._submission = Submission(
            self._publisher,
            durability,
            result=pb.PublishResult,
            refusal=pb.Problem,
            sentence=lambda problem: problem.message,
        )

    async def publish(self, request: types_pb2.PublishRequest) -> types_pb2.PublishResponse:
        """Take one notification in."""
        return await self._submission.one(self._submit, request)

    async def publish_stream(
        self, intake: Intake[types_pb2.PublishRequest], answers: trio.MemorySendChannel[list[pb.PublishResult]]
    ) -> None:
        """Take many in; all that have arrived share one commit."""
        await self._submission.many(self._submit, intake, answers)

    async def get_notification(self, request: pb.GetNotificationRequest) -> types_pb2.Receipt:
        """The receipt."""
        return receipt_message(await self._notifications.receipt(None, request.id))

    async def cancel_notification(self, request: pb.CancelNotificationRequest) -> types_pb2.Receipt:
        """Withdraw one that waits."""
        return receipt_message(await self._notifications.cancel(None, request.id))

    def _submit(self, request: types_pb2.PublishRequest) -> Pending:
        try:
            principal = operator(self._clients.known(client_of(request.client_id)))
            command = publish_command(request, current_request_id())
        except NotifydError:
            self._publisher.refused()
            raise
        return self._publisher.submit(principal, command)
