"""Pages of the clients' own origins, with the tokens that they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.rest.services import RestOptions
from tests.ingress.harness import ADMIN_TOKEN

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Service

SHOP = "https://shop.example.com"
INBOX = "/api/v1/users/alice/inbox"
OF_USERS = [("GET", INBOX), ("POST", "/api/v1/devices"), ("DELETE", "/api/v1/devices/x")]
OF_OPERATORS = [
    ("GET", "/api/v1/devices"),
    ("POST", "/api/v1/clients"),
    ("POST", "/api/v1/tokens"),
    ("GET", "/api/keys"),
]


async def preflight(service: Service, method: str, path: str, origin: str = SHOP) -> dict[str, str]:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    reply = await service.call("OPTIONS", path, headers=headers)
    assert reply.status == 204
    return {name: value for name, value in reply.headers.items() if name.startswith("access-control") or name == "vary"}


@pytest.mark.parametrize(("method", "path"), OF_USERS)
async def test_a_client_s_page_may_call_for_its_users(service: Service, method: str, path: str) -> None:
    await service.client(url=f"{SHOP}/app")
    told = await preflight(service, method, path)
    assert (told["access-control-allow-origin"], told["access-control-allow-methods"]) == (SHOP, method)
    assert "Authorization" in told["access-control-allow-headers"]
    assert told["vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://shop.example.com", f"{SHOP}.evil.com", "null"])
@pytest.mark.parametrize(("method", "path"), OF_USERS)
async def test_other_pages_may_not(service: Service, method: str, path: str, origin: str) -> None:
    await service.client(url=f"{SHOP}/app")
    told = await preflight(service, method, path, origin)
    assert "access-control-allow-origin" not in told
    assert told["vary"] == "Origin"


@pytest.mark.parametrize(("method", "path"), OF_OPERATORS)
async def test_what_operators_do_is_no_page_s(service: Service, method: str, path: str) -> None:
    await service.client(url=SHOP)
    assert await preflight(service, method, path) == {}


async def test_a_page_reads_its_user_s_inbox(service: Service) -> None:
    client_id = await service.client(url=SHOP)
    reply = await service.call("GET", INBOX, token=service.token("alice", client_id), headers={"Origin": SHOP})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, SHOP)
    assert "access-control-allow-credentials" not in reply.headers


async def test_a_page_reads_why_it_was_refused(service: Service) -> None:
    await service.client(url=SHOP)
    reply = await service.call("GET", INBOX, token="a.b.c", headers={"Origin": SHOP})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (401, SHOP)


async def test_who_is_no_page_is_told_that_it_varies(service: Service) -> None:
    reply = await service.call("GET", INBOX, admin=True)
    assert (reply.headers["vary"], "access-control-allow-origin" in reply.headers) == ("Origin", False)


async def test_the_page_of_a_client_that_was_removed_is_another_page(service: Service) -> None:
    client_id = await service.client(url=SHOP)
    await service.services.clients.remove(client_id)
    assert "access-control-allow-origin" not in await preflight(service, "GET", INBOX)


async def test_a_client_s_page_is_no_operator_in_development_mode(dev: Service) -> None:
    client_id = await dev.client(url=SHOP)
    assert (await dev.call("GET", INBOX, headers={"Origin": SHOP})).code == "local_only"
    token = dev.token("alice", client_id)
    assert (await dev.call("GET", INBOX, token=token, headers={"Origin": SHOP})).status == 200


async def test_named_origins_count_beside_those_of_clients(start: StartService) -> None:
    service = await start(RestOptions(admin_token=ADMIN_TOKEN, allowed_origins=("https://named.example",)))
    await service.client(url=SHOP)
    for origin in (SHOP, "https://named.example"):
        assert (await preflight(service, "GET", INBOX, origin))["access-control-allow-origin"] == origin
    assert "access-control-allow-origin" not in await preflight(service, "GET", "/api/keys")


async def test_a_method_that_is_none_gets_the_usual_answer(service: Service) -> None:
    await service.client(url=SHOP)
    assert await preflight(service, "PATCH", INBOX) == {}
