from __future__ import annotations

import trio

from notifyd.clock import now_ms
from notifyd.dispatch.gate import Gate
from notifyd.dispatch.webhook_book import Figures
from notifyd.dispatch.webhook_sending import WebhookSending, call_endpoint
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import Kind, State
from notifyd.policy.webhooks.answers import WebhookAnswer
from notifyd.policy.webhooks.events import EventType, event_body
from notifyd.policy.webhooks.signing import signed_headers
from notifyd.store.ports import Lease, Outcome
from notifyd.telemetry.metrics import Counters
from tests.store.samples import T0, notification
from tests.webhooks.parts import AWAY, OK, RULES, Caller, endpoint

BODY = event_body("1", EventType.OCCUPIED, DEFAULT_CLIENT, {"channel": "c"}, now=T0)
HOOK = endpoint("a")


def lease(attempts: int = 0, ttl: int = 3_600_000) -> Lease:
    return Lease(notification("a", kind=Kind.WEBHOOK, data=BODY, at=now_ms(), ttl=ttl), attempts, 1)


async def attempt(answer: WebhookAnswer, held: Lease, gate: Gate, figures: Figures) -> Outcome | int:
    caller = Caller()
    caller.script("a", answer)
    return await WebhookSending(caller, Counters()).attempt(held, HOOK, figures, gate, RULES)


async def test_a_call_carries_what_the_receiver_needs() -> None:
    caller = Caller()
    assert await call_endpoint(caller, HOOK, BODY, timeout_seconds=7) == OK
    (call,) = caller.calls
    signed = signed_headers(HOOK.key, "evt_1", int(call.headers["webhook-timestamp"]), BODY)
    assert signed.items() <= call.headers.items()
    assert (call.body, call.timeout_seconds, call.headers["User-Agent"][:8]) == (BODY, 7, "notifyd/")


async def test_taken() -> None:
    figures, held = Figures(), lease()
    ending = await attempt(OK, held, Gate(), figures)
    assert ending == Outcome(held, State.DISPATCHED, 1)
    assert (figures.delivered, figures.in_flight) == (1, 0)


async def test_given_up() -> None:
    figures = Figures()
    ending = await attempt(WebhookAnswer(404), lease(attempts=2), Gate(), figures)
    assert isinstance(ending, Outcome)
    assert (ending.state, ending.reason, figures.dead) == (State.DEAD, "http_404", 1)


async def test_again_but_no_later_than_its_end() -> None:
    held = lease(ttl=10)
    ending = await attempt(WebhookAnswer(500, retry_after="50"), held, Gate(), Figures())
    assert ending == held.notification.expires_at


async def test_who_is_away_closes_the_gate_and_who_answers_opens_it() -> None:
    gate = Gate()
    await attempt(AWAY, lease(), gate, Figures())
    now = trio.current_time()
    assert 0.4 < gate.seconds_left(now=now) <= 1
    assert gate.room(0, 5, now=now + 1) == 1
    await attempt(WebhookAnswer(503, retry_after="50"), lease(), gate, Figures())
    assert 49 < gate.seconds_left(now=trio.current_time()) <= 50


async def test_each_call_is_timed_by_how_it_ended() -> None:
    caller, counters = Caller(), Counters()
    caller.script("a", OK, WebhookAnswer(500))
    for _ in range(2):
        await WebhookSending(caller, counters).attempt(lease(), HOOK, Figures(), Gate(), RULES)
    assert {values: sum(timed.counts) for values, timed in counters.times.webhook} == {("taken",): 1, ("failed",): 1}
