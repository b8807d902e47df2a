"""Durable subscriptions over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.clock import now_ms
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATH = "/api/durable-subscriptions"


async def remembered(service: Service, *, owner: str = "", channel: str = "updates") -> None:
    """One that nobody uses now."""
    epoch = service.broker.history.position(DEFAULT_CLIENT, channel).epoch
    state = DurableState(DurableKey(DEFAULT_CLIENT, channel, owner, "audit"), epoch, 0, used_at=now_ms())
    await service.broker.durables.put(state, now=now_ms()).wait()


async def test_they_are_listed_with_how_far_they_are(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1)
    await service.dispatched(key, published.json["notificationId"])
    await remembered(service)
    await remembered(service, owner="user/alice", channel="other")
    reply = await service.call("GET", f"{PATH}?channel=updates", admin=True)
    (view,) = reply.json["subscriptions"]
    assert (view["channel"], view["name"], view["userId"], view["pending"]) == ("updates", "audit", None, 1)
    assert (view["position"]["offset"], view["unacked"], view["connections"]) == (0, 0, 0)
    everything = await service.call("GET", PATH, admin=True)
    assert [view["userId"] for view in everything.json["subscriptions"]] == ["alice", None]


async def test_one_is_forgotten(service: Service) -> None:
    await remembered(service, owner="user/alice")
    path = f"{PATH}?channel=updates&name=audit"
    assert (await service.call("DELETE", path, admin=True)).code == "durable_not_found"
    reply = await service.call("DELETE", f"{path}&userId=alice", admin=True)
    assert (reply.status, reply.json["subscription"]["name"]) == (200, "audit")
    assert (await service.call("GET", PATH, admin=True)).json["subscriptions"] == []


@pytest.mark.parametrize("query", ["", "?channel=updates", "?name=audit"])
async def test_which_one_has_to_be_named(service: Service, query: str) -> None:
    assert (await service.call("DELETE", PATH + query, admin=True)).status == 400


async def test_operators_alone_see_them(service: Service) -> None:
    assert (await service.call("GET", PATH, key=await service.key())).code == "admin_token_required"
