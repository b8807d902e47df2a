"""Publishing, receipts, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import NotifydError
from notifyd.model.principal import operator
from notifyd.service.clients import known_client
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.wire.rpc import client_of, publish_command, receipt_message

if TYPE_CHECKING:
    import trio

    from notifyd.bridge.intake import Intake
    from notifyd.service.notifications import Notifications
    from notifyd.service.publish import Publisher
    from notifyd.store.ports import Pending


class NotificationCalls:
    """What an operator submits, and what became of any notification."""

    def __init__(self, publisher: Publisher, notifications: Notifications, durability: str) -> None:
        self._publisher = publisher
        self._notifications = notifications
        self._durability = durability

    async def publish(self, request: types_pb2.PublishRequest) -> types_pb2.PublishResponse:
        """Take one notification in."""
        return await self._accepted(self._submit(request))

    async def publish_stream(
        self, intake: Intake[types_pb2.PublishRequest], inbox: trio.MemorySendChannel[list[pb.PublishResult]]
    ) -> None:
        """Take many in; all that have arrived share one commit."""
        index = 0
        while requests := await intake.take():
            submitted = [self._try_submit(request) for request in requests]
            await inbox.send([await self._result(index + place, outcome) for place, outcome in enumerate(submitted)])
            index += len(requests)

    async def get_notification(self, request: pb.GetNotificationRequest) -> types_pb2.Receipt:
        """The receipt."""
        return receipt_message(await self._notifications.receipt(None, request.id))

    async def cancel_notification(self, request: pb.CancelNotificationRequest) -> types_pb2.Receipt:
        """Withdraw one that waits."""
        return receipt_message(await self._notifications.cancel(None, request.id))

    def _submit(self, request: types_pb2.PublishRequest) -> Pending:
        try:
            principal = operator(known_client(client_of(request.client_id)))
            command = publish_command(request)
        except NotifydError:
            self._publisher.refused()
            raise
        return self._publisher.submit(principal, command)

    def _try_submit(self, request: types_pb2.PublishRequest) -> Pending | NotifydError:
        try:
            return self._submit(request)
        except NotifydError as exc:
            return exc

    async def _result(self, index: int, outcome: Pending | NotifydError) -> pb.PublishResult:
        if not isinstance(outcome, NotifydError):
            try:
                return pb.PublishResult(index=index, accepted=await self._accepted(outcome))
            except NotifydError as exc:
                outcome = exc
        problem = pb.Problem(
            code=outcome.code, message=outcome.message, retry_after_seconds=outcome.retry_after_seconds
        )
        return pb.PublishResult(index=index, refused=problem)

    async def _accepted(self, pending: Pending) -> types_pb2.PublishResponse:
        accepted = await pending.result()
        return types_pb2.PublishResponse(
            notification_id=accepted.id,
            status="accepted",
            durability=self._durability,
            duplicate=accepted.duplicate,
        )
