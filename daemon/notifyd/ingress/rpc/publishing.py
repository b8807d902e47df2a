"""Handing notifications in over gRPC, one and many; both contracts answer alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from notifyd.errors import NotifydError
from notifyd.store.ports import Pending
from notifyd.v1 import types_pb2

if TYPE_CHECKING:
    import trio

    from notifyd.bridge.intake import Intake
    from notifyd.service.publishing.publish import Publisher

#: Checks a request and hands it in, without waiting.
Submit = Callable[[types_pb2.PublishRequest], Pending]


class Submission:
    """Answers *durability* to each, and in streams a *result* that holds the answer or a *refusal*."""

    def __init__(
        self,
        publisher: Publisher,
        durability: str,
        *,
        result: type[Any],
        refusal: type[Any],
        sentence: Callable[[NotifydError], str] = lambda problem: problem.told,
    ) -> None:
        """*sentence* is what the callers are told of a refusal."""
        self._sentence = sentence
        self._publisher = publisher
        self._durability = durability
        self._result = result
        self._refusal = refusal

    async def one(self, submit: Submit, request: types_pb2.PublishRequest) -> types_pb2.PublishResponse:
        """Take one in."""
        return await self._accepted(submit(request))

    async def many(
        self, submit: Submit, intake: Intake[types_pb2.PublishRequest], answers: trio.MemorySendChannel[list[Any]]
    ) -> None:
        """Take many in; all that have arrived share one commit. A refused one does not end the stream."""
        index = 0
        while requests := await intake.take():
            submitted = [_try(submit, request) for request in requests]
            await answers.send([await self._told(index + place, outcome) for place, outcome in enumerate(submitted)])
            index += len(requests)

    async def _told(self, index: int, outcome: Pending | NotifydError) -> Any:
        if not isinstance(outcome, NotifydError):
            try:
                return self._result(index=index, accepted=await self._accepted(outcome))
            except NotifydError as exc:
                outcome = exc
        refused = self._refusal(
            code=outcome.code, message=self._sentence(outcome), retry_after_seconds=outcome.retry_after_seconds
        )
        return self._result(index=index, refused=refused)

    async def _accepted(self, pending: Pending) -> types_pb2.PublishResponse:
        accepted = await pending.result()
        return types_pb2.PublishResponse(
            notification_id=accepted.id,
            status="accepted",
            durability=self._durability,
            duplicate=accepted.duplicate,
        )


def _try(submit: Submit, request: types_pb2.PublishRequest) -> Pending | NotifydError:
    try:
        return submit(request)
    except NotifydError as exc:
        return exc
