"""What was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.model.ids import NotificationId, UserId
from notifyd.service.publishing.dead_letters import check_named, stage_of
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.dead_letters import dead_letter_message, whole_dead_letter_message
from notifyd.wire.rpc.messages import any_client_of, instant_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import trio

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.service.publishing.dead_letters import DeadLetters, Retried
    from notifyd.v1 import types_pb2

_LIMIT: Final = 50
_MAX_LIMIT: Final = 5_000
#: Bytes that are handed to the stream together.
_BATCH_BYTES: Final = 1 << 20


class DeadLetterCalls:
    """List, show, retry, drop, export."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters

    async def list_dead_letters(self, request: pb.ListDeadLettersRequest) -> pb.ListDeadLettersResponse:
        """The newest that fit, and how many fit."""
        query = query_of(request.filter)
        limit = min(request.limit if request.HasField("limit") else _LIMIT, _MAX_LIMIT)
        found = await self._dead_letters.newest(query, limit=limit, after=request.after)
        total = await self._dead_letters.count(query)
        return pb.ListDeadLettersResponse(dead_letters=map(dead_letter_message, found), total=total)

    async def get_dead_letter(self, request: pb.GetDeadLetterRequest) -> types_pb2.DeadLetter:
        """One of them, whole."""
        shown = await self._dead_letters.show(None, request.id)
        return whole_dead_letter_message(shown.letter, shown.timeline)

    async def retry_dead_letters(self, request: pb.RetryDeadLettersRequest) -> pb.RetryDeadLettersResponse:
        """Put back; each by itself."""
        ttl_ms = request.ttl_ms if request.HasField("ttl_ms") else None
        if _by_ids(request):
            results = await self._dead_letters.retry(request.ids, ttl_ms=ttl_ms)
        else:
            results = await self._dead_letters.retry_matching(query_of(request.filter), ttl_ms=ttl_ms)
        retried = sum(result.refused is None for result in results)
        return pb.RetryDeadLettersResponse(results=map(_retried, results), retried=retried)

    async def drop_dead_letters(self, request: pb.DropDeadLettersRequest) -> pb.DropDeadLettersResponse:
        """Forget."""
        if _by_ids(request):
            dropped = await self._dead_letters.drop(request.ids)
        else:
            dropped = await self._dead_letters.drop_matching(query_of(request.filter))
        return pb.DropDeadLettersResponse(dropped=dropped.dropped, not_found=dropped.not_found)

    async def export_dead_letters(
        self, request: pb.ExportDeadLettersRequest, answers: trio.MemorySendChannel[list[types_pb2.DeadLetter]]
    ) -> None:
        """All that fit, whole, the oldest first."""
        async for page in self._dead_letters.pages(query_of(request.filter)):
            for letters in _batches(page):
                await answers.send([whole_dead_letter_message(letter) for letter in letters])


def query_of(wanted: pb.DeadLetterFilter) -> DeadLetterQuery:
    """Which dead letters are meant.

    Raises:
        Invalid: there is no such stage, or an instant is none.
    """
    return DeadLetterQuery(
        client_id=any_client_of(wanted.client_id),
        stage=stage_of(wanted.stage),
        reason=wanted.reason,
        channel=wanted.channel,
        user_id=UserId(wanted.user_id),
        notification_id=NotificationId(wanted.notification_id),
        since=instant_of(wanted, "since"),
        until=instant_of(wanted, "until"),
    )


def _batches(page: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
    """*page* in parts of about `_BATCH_BYTES`."""
    start = size = 0
    for index, letter in enumerate(page):
        size += letter.size()
        if size >= _BATCH_BYTES:
            yield page[start : index + 1]
            start, size = index + 1, 0
    if start < len(page):
        yield page[start:]


def _by_ids(request: pb.RetryDeadLettersRequest | pb.DropDeadLettersRequest) -> bool:
    check_named(ids=bool(request.ids), query=request.HasField("filter"))
    return bool(request.ids)


def _retried(result: Retried) -> pb.Retried:
    exc = result.refused
    if exc is None:
        return pb.Retried(id=result.id, notification_id=result.notification_id)
    refused = pb.Problem(code=exc.code, message=exc.message, retry_after_seconds=exc.retry_after_seconds)
    return pb.Retried(id=result.id, refused=refused)
