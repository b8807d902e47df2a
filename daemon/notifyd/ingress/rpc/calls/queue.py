"""The queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.ingress.rpc.encode import queue_message
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import any_client_of, receipt_message

if TYPE_CHECKING:
    from notifyd.service.publishing.queue import Queue

_LIMIT: Final = 50
_MAX_LIMIT: Final = 10_000


class QueueCalls:
    """Figures, list, pause, resume, clear."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def get_queue(self, _request: pb.GetQueueRequest) -> pb.QueueStats:
        """The queue at this moment."""
        return queue_message(await self._queue.figures())

    async def list_queue(self, request: pb.ListQueueRequest) -> pb.ListQueueResponse:
        """What will be dispatched next."""
        limit = min(request.limit if request.HasField("limit") else _LIMIT, _MAX_LIMIT)
        waiting = await self._queue.waiting(limit=limit, client_id=any_client_of(request.client_id))
        return pb.ListQueueResponse(notifications=map(receipt_message, waiting))

    async def pause_queue(self, _request: pb.PauseQueueRequest) -> pb.QueueStats:
        """Stop dispatching."""
        return queue_message(await self._queue.pause())

    async def resume_queue(self, _request: pb.ResumeQueueRequest) -> pb.QueueStats:
        """Dispatch again."""
        return queue_message(await self._queue.resume())

    async def clear_queue(self, request: pb.ClearQueueRequest) -> pb.ClearQueueResponse:
        """Remove all that wait."""
        return pb.ClearQueueResponse(cleared=await self._queue.clear(any_client_of(request.client_id)))
