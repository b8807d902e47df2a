"""What becomes of a job, by what was wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.clock import now_ms
from notifyd.errors import (
    STORE_AWAY,
    Draining,
    IdempotencyMismatch,
    Invalid,
    NotFound,
    NotifydError,
    QueueFull,
    StoreUnavailable,
    TooLarge,
)
from notifyd.ingress.bullmq.desk import Closed, JobDesk
from notifyd.ingress.bullmq.offers import Failed, GivenBack, Offer, Outcome
from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.notification import Kind

if TYPE_CHECKING:
    from tests.ingress.bullmq.queues import House

COMMAND = Publish(Kind.BROADCAST, "", b"1")


def desk_of(house: House, *, recheck_ms: int = 0) -> JobDesk:
    return JobDesk(house.options(recheck_ms=recheck_ms), house.services(), keep_seconds=5)


def offer(client_id: ClientId = DEFAULT_CLIENT, *, age_ms: int = 0, starts: int = 1) -> Offer:
    return Offer(1, now_ms() - age_ms, starts, client_id, COMMAND)


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (Invalid("no"), Failed("invalid_request: no", final=True)),
        (TooLarge("no"), Failed("too_large: no", final=True)),
        (IdempotencyMismatch("no"), Failed("idempotency_key_reused: no", final=True)),
        (NotFound("no"), Failed("not_found: no", final=True)),
        (QueueFull("no"), Failed("queue_full: no", final=False)),
        (StoreUnavailable("no"), Failed(f"store_unavailable: {STORE_AWAY}", final=False)),
        (Draining("no"), GivenBack(1000)),
        (Closed(), GivenBack(1000)),
    ],
)
async def test_refusals(house: House, problem: Exception, outcome: Outcome) -> None:
    desk = desk_of(house)
    assert desk.refusal(problem, offer()) == outcome
    temporary = isinstance(outcome, Failed) and not outcome.final
    assert desk.permits() == (0 if temporary else 50)


async def test_a_drain_gives_back_at_once(house: House) -> None:
    desk = desk_of(house)
    desk.drain()
    with pytest.raises(Closed) as closed:
        desk.submit(offer())
    assert desk.refusal(closed.value) == GivenBack(0)


async def test_after_a_refusal_the_rest_of_a_batch_is_not_submitted(house: House) -> None:
    desk = desk_of(house)
    desk.refusal(QueueFull("full", retry_after_seconds=60))
    with pytest.raises(Closed):
        desk.submit(offer())
    assert house.node.counters.rejected == 0


async def test_a_notification_that_is_kept_completes_the_job(house: House) -> None:
    desk = desk_of(house)
    outcome = await desk.outcome(desk.submit(offer()))
    [notification] = await house.waiting()
    assert outcome.value["notificationId"] == notification.id  # type: ignore[union-attr]  # it is completed


@pytest.mark.parametrize(
    ("recheck_ms", "age_ms", "starts", "again"),
    [(0, 0, 1, False), (5000, 0, 1, True), (5000, -60_000, 1, True), (5000, 6000, 1, False), (5000, 0, 5, False)],
)
async def test_an_unknown_client_is_looked_up_again_while_it_may_be_new(
    house: House, recheck_ms: int, age_ms: int, starts: int, again: bool
) -> None:
    desk = desk_of(house, recheck_ms=recheck_ms)
    asked = offer(ClientId("late"), age_ms=age_ms, starts=starts)
    with pytest.raises(NotifydError) as refused:
        desk.submit(asked)
    outcome = desk.refusal(refused.value, asked)
    if again:
        assert isinstance(outcome, GivenBack)
        assert 4000 < outcome.delay_ms <= 5000
    else:
        assert outcome == Failed("client_not_found: there is no client 'late'", final=True)
