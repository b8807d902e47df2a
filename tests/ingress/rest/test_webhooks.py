from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATH = "/api/webhooks"


async def test_webhooks_are_listed_without_their_secrets(service: Service) -> None:
    answer = await service.call("GET", PATH, admin=True)
    assert answer.status == 200
    (webhook,) = answer.json["webhooks"]
    assert webhook == {
        "name": "backend", "url": "http://backend/", "clientId": None, "events": ["notification.dead"],
        "state": "idle", "waiting": 0, "delivered": 0, "failed": 0, "dead": 0, "dropped": 0,
        "lastAt": None, "lastStatus": None, "lastError": None,
    }  # fmt: skip
    assert b"whsec" not in answer.body


async def test_one_is_tried_out(service: Service) -> None:
    answer = await service.call("POST", f"{PATH}/backend/test", admin=True)
    test = answer.json["test"]
    assert (answer.status, test["taken"], test["status"], test["error"]) == (200, True, 204, None)
    assert test["eventId"].startswith("evt_")
    (webhook,) = (await service.call("GET", PATH, admin=True)).json["webhooks"]
    assert (webhook["lastStatus"], webhook["delivered"]) == (204, 0)
    assert webhook["lastAt"]


async def test_one_that_is_not_there(service: Service) -> None:
    answer = await service.call("POST", f"{PATH}/nobody/test", admin=True)
    assert (answer.status, answer.json["error"]["code"]) == (404, "webhook_not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", f"{PATH}/backend/test")])
async def test_this_is_the_operators(service: Service, method: str, path: str) -> None:
    assert (await service.call(method, path)).status == 401
