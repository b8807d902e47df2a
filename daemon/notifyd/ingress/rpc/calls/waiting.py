"""Waiting for what becomes of a notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid
from notifyd.policy.publishing.waiting import Until
from notifyd.service.publishing.waiting import Wait
from notifyd.v1 import admin_pb2 as pb
from notifyd.wire.rpc.messages import receipt_message

if TYPE_CHECKING:
    import trio

    from notifyd.service.publishing.waiting import Sight, Waiting

_SECONDS: Final = 30.0
_MAX_SECONDS: Final = 3600.0
_WORDS: Final = {until.value: until for until in Until}


class WaitCalls:
    """Receipts as they change."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    async def wait_notification(
        self, request: pb.WaitNotificationRequest, answers: trio.MemorySendChannel[tuple[pb.WaitEvent]]
    ) -> None:
        """The receipt at once and after each change, and at the end the verdict."""

        async def tell(sight: Sight) -> None:
            await answers.send((_message(sight),))

        await self._waiting.watch(None, request.id, _wait_of(request), tell)


def _wait_of(request: pb.WaitNotificationRequest) -> Wait:
    until = _WORDS.get(request.until)
    if until is None:
        raise Invalid("until must be dispatched or acked")
    seconds = request.timeout_seconds if request.HasField("timeout_seconds") else _SECONDS
    if not 0 <= seconds <= _MAX_SECONDS:
        raise Invalid(f"timeout_seconds must be 0 to {_MAX_SECONDS:g}")
    acks = request.acks if request.HasField("acks") else None
    if acks == 0 or (acks is not None and until is not Until.ACKED):
        raise Invalid("acks is 1 at least, and goes with `acked`")
    return Wait(until, seconds, acks)


def _message(sight: Sight) -> pb.WaitEvent:
    return pb.WaitEvent(
        receipt=receipt_message(sight.receipt),
        verdict="" if sight.verdict is None else sight.verdict.value,
        acked=sight.acked,
        wanted=sight.wanted,
    )
