"""What was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from notifyd.clock import iso_ms, ms_of
from notifyd.errors import Invalid, NotFound
from notifyd.ingress.edge.rest.bodies import decode_body
from notifyd.ingress.edge.rest.views import timeline_view
from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.service.publishing.dead_letters import check_named, stage_of
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.bodies import Done, Position
from notifyd.wire.rest.delivery_bodies import (
    DeadLetterAnswer,
    DeadLetterFilterBody,
    DeadLettersAnswer,
    DeadLetterView,
    DroppedAnswer,
    RefusedView,
    RetriedAnswer,
    RetriedManyAnswer,
    RetriedView,
    RetryBody,
    RetryManyBody,
    WholeDeadLetterView,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.ingress.edge.rest.call import Call
    from notifyd.ingress.edge.rest.reception import Reception
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.service.publishing.dead_letters import DeadLetters, Retried

_retry: Final = msgspec.json.Decoder(RetryBody)
_retry_many: Final = msgspec.json.Decoder(RetryManyBody)
_NO_STORE: Final = ((b"Cache-Control", b"no-store"),)
_T = TypeVar("_T")
_NDJSON: Final = b"application/x-ndjson"


class DeadLetterEndpoints:
    """The calls on dead letters; operators alone make them."""

    def __init__(self, dead_letters: DeadLetters, reception: Reception) -> None:
        self._dead_letters = dead_letters
        self._reception = reception

    async def list(self, call: Call) -> Answer:
        """The newest that fit, and how many fit."""
        query = _query_of(call)
        found = await self._dead_letters.newest(query, limit=call.limit(), after=call.query("after") or "")
        views = [_view(letter) for letter in found]
        body = encode(DeadLettersAnswer(dead_letters=views, total=await self._dead_letters.count(query)))
        return Answer(200, body, headers=_NO_STORE)

    async def get(self, call: Call) -> Answer:
        """One of them, whole."""
        shown = await self._dead_letters.show(None, call.params["id"])
        view = _whole(shown.letter)
        view = msgspec.structs.replace(view, timeline=[timeline_view(event) for event in shown.timeline])
        return Answer(200, encode(DeadLetterAnswer(dead_letter=view)), headers=_NO_STORE)

    async def export(self, call: Call) -> Answer:
        """All that fit, whole, the oldest first, one a line."""
        call.chunks = self._lines(_query_of(call))
        return Answer(200, content_type=_NDJSON, headers=_NO_STORE)

    async def _lines(self, query: DeadLetterQuery) -> AsyncIterator[bytes]:
        async for page in self._dead_letters.pages(query):
            for letter in page:
                yield encode(_whole(letter)) + b"\n"

    async def retry(self, call: Call) -> Answer:
        """Put one back."""
        ttl_ms = self._body(call, _retry).ttl if call.request.body else None
        (result,) = await self._dead_letters.retry([call.params["id"]], ttl_ms=ttl_ms)
        if result.refused is not None:
            raise result.refused
        return Answer(200, encode(RetriedAnswer(notification_id=result.notification_id)))

    async def retry_many(self, call: Call) -> Answer:
        """Put back; each by itself."""
        body = self._body(call, _retry_many)
        check_named(ids=body.ids is not None, query=body.filter is not None)
        if body.filter is not None:
            results = await self._dead_letters.retry_matching(_filter(body.filter), ttl_ms=body.ttl)
        else:
            results = await self._dead_letters.retry(body.ids or (), ttl_ms=body.ttl)
        retried = sum(result.refused is None for result in results)
        return Answer(200, encode(RetriedManyAnswer(retried=retried, results=[_retried(each) for each in results])))

    async def drop(self, call: Call) -> Answer:
        """Forget one."""
        if not (await self._dead_letters.drop([call.params["id"]])).dropped:
            raise NotFound("there is no such dead letter (any more)", code="dead_letter_not_found")
        return Answer(200, encode(Done(message="dead letter dropped successfully")))

    async def drop_many(self, call: Call) -> Answer:
        """Forget what fits."""
        query = _query_of(call)
        # a misspelt filter must not drop everything
        if call.query_flag("all") is (query != DeadLetterQuery()):
            raise Invalid("name a filter, or all=true for all dead letters")
        dropped = (await self._dead_letters.drop_matching(query)).dropped
        return Answer(200, encode(DroppedAnswer(dropped=len(dropped))))

    def _body(self, call: Call, decoder: msgspec.json.Decoder[_T]) -> _T:
        return decode_body(call, decoder, max_bytes=self._reception.options.max_body_bytes)


def _query_of(call: Call) -> DeadLetterQuery:
    return DeadLetterQuery(
        client_id=ClientId(call.query("clientId") or "") or None,
        stage=stage_of(call.query("stage") or ""),
        reason=call.query("reason") or "",
        channel=call.query("channel") or "",
        user_id=UserId(call.query("userId") or ""),
        notification_id=NotificationId(call.query("notificationId") or ""),
        since=call.query_instant("since"),
        until=call.query_instant("until"),
    )


def _filter(body: DeadLetterFilterBody) -> DeadLetterQuery:
    return DeadLetterQuery(
        client_id=ClientId(body.client_id) or None,
        stage=stage_of(body.stage),
        reason=body.reason,
        channel=body.channel,
        user_id=UserId(body.user_id),
        notification_id=NotificationId(body.notification_id),
        since=None if body.since is None else ms_of(body.since),
        until=None if body.until is None else ms_of(body.until),
    )


def _retried(result: Retried) -> RetriedView:
    refused = result.refused
    if refused is None:
        return RetriedView(result.id, result.notification_id, None)
    return RetriedView(result.id, None, RefusedView(refused.code, refused.told))


def _view(letter: DeadLetter) -> DeadLetterView:
    return msgspec.convert(_whole(letter), DeadLetterView, from_attributes=True)


def _whole(letter: DeadLetter) -> WholeDeadLetterView:
    notification = letter.notification
    return WholeDeadLetterView(
        id=letter.id,
        client_id=letter.client_id,
        stage=letter.stage.value,
        notification_id=letter.notification_id,
        kind=notification.kind.value,
        channel=notification.channel or None,
        reason=letter.reason,
        error=letter.error,
        attempts=letter.attempts,
        died_at=iso_ms(letter.died_at),
        user_id=letter.user_id or None,
        durable=letter.durable or None,
        connection_id=letter.connection_id or None,
        position=Position(letter.epoch, letter.offset) if letter.offset else None,
        priority=notification.priority,
        accepted_at=iso_ms(notification.accepted_at),
        expires_at=iso_ms(notification.expires_at),
        request_id=notification.request_id or None,
        data=msgspec.Raw(notification.data),
        metadata=msgspec.Raw(notification.metadata or b"null"),
    )
