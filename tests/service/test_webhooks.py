from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from notifyd.errors import NotFound
from notifyd.policy.webhooks.answers import WebhookAnswer
from notifyd.service.webhooks import Webhooks
from tests.dispatch.webhook_house import EventHouse
from tests.webhooks.parts import DOWN, OK, SECRET, endpoint

if TYPE_CHECKING:
    from notifyd.service.webhooks import WebhookView


def service_of(house: EventHouse) -> Webhooks:
    return Webhooks(house.book, house.router, house.caller)


def names(views: list[WebhookView]) -> list[tuple[str, str, int]]:
    return [(view.name, view.client_id, view.waiting) for view in views]


async def test_all_are_listed_with_what_waits_for_them() -> None:
    house = EventHouse(endpoint("a"), endpoint("b", client="shop"))
    house.happen(3)
    assert names(await service_of(house).list()) == [("a", "", 3), ("b", "shop", 0)]
    assert SECRET not in repr(await service_of(house).list())


async def test_a_trial_is_signed_and_past_the_queue() -> None:
    house = EventHouse(endpoint("a", client="shop"))
    trial = await service_of(house).test("a")
    (call,) = house.caller.calls
    event = msgspec.json.decode(call.body)
    assert (event["type"], event["clientId"], event["data"]) == ("webhook.test", "shop", {"webhook": "a"})
    assert (trial.event_id, trial.status, trial.error) == (event["id"], 204, "")
    assert house.queue.pushes == []
    (view,) = await service_of(house).list()
    assert (view.last_status, view.state, view.delivered) == (204, "idle", 0)


async def test_what_waits_goes_on_after_a_trial_that_went_well(autojump_clock, nursery: trio.Nursery) -> None:
    house = EventHouse(endpoint("a"))
    house.caller.script("a", WebhookAnswer(503, retry_after="50"), DOWN, OK)
    nursery.start_soon(house.router.run)
    house.happen()
    await trio.sleep(1)
    house.happen()
    assert (await service_of(house).test("a")).error
    await trio.sleep(1)
    assert len(house.caller.calls) == 2
    await service_of(house).test("a")
    await trio.sleep(1)
    assert house.ended() == {"dispatched": 1}


async def test_a_trial_that_fails_says_how() -> None:
    house = EventHouse(endpoint("a"))
    house.caller.script("a", DOWN)
    trial = await service_of(house).test("a")
    assert (trial.status, trial.error) == (500, "the endpoint answered with HTTP status 500")
    assert (await service_of(house).list())[0].state == "failing"


async def test_one_that_is_not_there() -> None:
    service = service_of(EventHouse())
    with pytest.raises(NotFound, match="no such webhook"):
        service.secret("a")
    with pytest.raises(NotFound, match="no such webhook"):
        await service.test("a")
    assert await service.list() == []


async def test_no_secret_and_no_address_is_logged() -> None:
    house = EventHouse(endpoint("a"))
    with capture_logs() as entries:
        assert service_of(house).secret("a") == SECRET
        await service_of(house).test("a")
    assert entries
    assert "whsec" not in repr(entries)
    assert "http://" not in repr(entries)
