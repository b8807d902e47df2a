"""What became of a notification, waiting for that, and withdrawing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.edge.rest.views import receipt_view
from notifyd.policy.publishing.waiting import Until, Verdict
from notifyd.service.publishing.waiting import Sight, Wait
from notifyd.wire.http.answer import Answer
from notifyd.wire.json import encode
from notifyd.wire.rest.receipt_bodies import NotificationAnswer, WaitView

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call
    from notifyd.model.ids import ClientId
    from notifyd.model.receipt import Receipt
    from notifyd.service.publishing.notifications import Notifications
    from notifyd.service.publishing.waiting import Waiting

_SECONDS: Final = 30
_MAX_SECONDS: Final = 300
_MAX_ACKS: Final = 1_000_000
_WORDS: Final = {until.value: until for until in Until}


class NotificationEndpoints:
    """The calls on one notification. A key sees those of its client, an operator sees all."""

    def __init__(self, notifications: Notifications, waiting: Waiting) -> None:
        self._notifications = notifications
        self._waiting = waiting

    async def get(self, call: Call) -> Answer:
        """Its receipt, at once or when what was asked for is so."""
        wait = _wait_of(call)
        if wait is None:
            return _answer(await self._notifications.receipt(_client(call), call.params["id"]))
        sight = await self._wait(call, wait)
        verdict = sight.verdict or Verdict.TIMED_OUT
        waited = WaitView(verdict.value, sight.acked, sight.wanted)
        return Answer(200, encode(NotificationAnswer(notification=receipt_view(sight.receipt), wait=waited)))

    async def _wait(self, call: Call, wait: Wait) -> Sight:
        """Wait while the peer is there."""
        latest: list[Sight] = []
        problem: NotifydError | None = None

        async def tell(sight: Sight) -> None:
            latest[:] = [sight]

        async def watch() -> None:
            nonlocal problem
            try:
                await self._waiting.watch(_client(call), call.params["id"], wait, tell)
            except NotifydError as exc:  # a nursery would wrap it
                problem = exc
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            if call.left is not None:
                await call.left()
                nursery.cancel_scope.cancel()
        if problem is not None:
            raise problem
        if not latest:
            raise Invalid("the peer has left")
        return latest[0]

    async def cancel(self, call: Call) -> Answer:
        """Withdraw it."""
        return _answer(await self._notifications.cancel(_client(call), call.params["id"]))


def _wait_of(call: Call) -> Wait | None:
    """What the query asks to wait for, None for nothing."""
    word = call.query("wait")
    if word is None:
        return None
    until = _WORDS.get(word)
    if until is None:
        raise Invalid("wait must be dispatched or acked")
    seconds = call.query_int("timeout", low=1, high=_MAX_SECONDS, default=_SECONDS)
    acks = call.query_int("acks", low=1, high=_MAX_ACKS, default=0) or None
    if acks is not None and until is not Until.ACKED:
        raise Invalid("acks goes with wait=acked")
    return Wait(until, seconds, acks)


def _client(call: Call) -> ClientId | None:
    return None if call.operator else call.who.client_id


def _answer(receipt: Receipt) -> Answer:
    return Answer(200, encode(NotificationAnswer(notification=receipt_view(receipt))))
