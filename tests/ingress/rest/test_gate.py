"""Admin calls: the token, and what takes its place in development mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.rest.services import RestOptions
from tests.ingress.harness import ADMIN_TOKEN, Service

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService

ADMIN_CALLS = [
    ("POST", "/api/keys"),
    ("GET", "/api/keys"),
    ("GET", "/api/keys/x"),
    ("DELETE", "/api/keys/x"),
    ("POST", "/api/keys/x/rotate"),
    ("GET", "/api/stats"),
    ("GET", "/api/stats/queue"),
    ("DELETE", "/api/queue"),
    ("POST", "/api/queue/pause"),
    ("POST", "/api/queue/resume"),
    ("GET", "/metrics"),
    ("POST", "/api/v1/clients"),
    ("GET", "/api/v1/clients"),
    ("GET", "/api/v1/clients/x"),
    ("DELETE", "/api/v1/clients/default"),
    ("POST", "/api/v1/clients/default/rotate-secret"),
    ("POST", "/api/v1/notifications"),
    ("GET", "/api/v1/users/alice/inbox"),
    ("GET", "/api/v1/users/alice/inbox?clientId=default"),
    ("POST", "/api/v1/devices"),
    ("GET", "/api/v1/devices?clientId=default"),
    ("DELETE", "/api/v1/devices/x"),
    ("POST", "/api/v1/tokens"),
]


@pytest.mark.parametrize(("method", "path"), ADMIN_CALLS)
async def test_the_token_is_needed(service: Service, method: str, path: str) -> None:
    reply = await service.call(method, path)
    assert (reply.status, reply.code) == (401, "admin_token_required")
    assert reply.headers["www-authenticate"] == 'Bearer realm="notifyd"'


@pytest.mark.parametrize(
    "value", [f"Bearer {ADMIN_TOKEN}x", f"Basic {ADMIN_TOKEN}", ADMIN_TOKEN, "Bearer", "Bearer \xff", ""]
)
async def test_a_wrong_token_is_refused_and_counted(service: Service, value: str) -> None:
    reply = await service.call("GET", "/api/stats", headers={"Authorization": value})
    assert (reply.status, reply.code) == (401, "admin_token_required")
    assert (b"this is not the admin token" in reply.body) == value.startswith("Bearer")
    assert service.services.counters.authentication_failures == 1


async def test_an_api_key_is_no_admin_token(service: Service) -> None:
    key = await service.key()
    assert (await service.call("GET", "/api/stats", key=key, headers={"Authorization": f"Bearer {key}"})).status == 401


async def test_no_token_at_all_lets_nobody_in(start: StartService) -> None:
    service = await start(RestOptions(admin_token=""))
    for value in ("Bearer ", "Bearer"):
        assert (await service.call("GET", "/api/stats", headers={"Authorization": value})).status == 401


async def test_wrong_tokens_are_limited_and_lock_nobody_out(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=2, burst=2)
    replies = [await service.call("GET", "/api/stats") for _ in range(3)]
    assert [reply.status for reply in replies] == [401, 401, 429]
    assert "retry-after" in replies[2].headers
    assert (await service.call("GET", "/api/stats", admin=True)).status == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000", "127.0.0.1"])
async def test_development_mode_asks_for_no_token(dev: Service, host: str) -> None:
    reply = await dev.call("POST", "/api/keys", {"clientName": "MyApp"}, headers={"Host": host})
    assert reply.status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:3000"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.168.0.5"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Forwarded": "for=1.2.3.4"},
        {"X-Forwarded-For": "1.2.3.4"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Real-IP": "1.2.3.4"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_development_mode_lets_neither_pages_nor_proxies_in(dev: Service, headers: dict[str, str]) -> None:
    reply = await dev.call("POST", "/api/keys", {"clientName": "MyApp"}, headers=headers)
    assert (reply.status, reply.code) == (403, "local_only")
    assert "development mode" in reply.json["error"]["message"]


async def test_a_page_of_the_daemon_itself_is_let_in(dev: Service) -> None:
    headers = {"Host": "localhost:3000", "Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-origin"}
    assert (await dev.call("GET", "/api/keys", headers=headers)).status == 200


@pytest.mark.parametrize("declared", [None, "text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/api/keys", "/api/queue/pause"])
async def test_development_mode_insists_on_json(dev: Service, declared: str | None, path: str) -> None:
    headers = {} if declared is None else {"Content-Type": declared}
    reply = await dev.call("POST", path, body=b'{"clientName":"x"}', headers=headers)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


async def test_publishing_needs_a_key_in_development_mode_too(dev: Service) -> None:
    body = {"channel": "updates", "data": 1}
    assert (await dev.call("POST", "/api/notifications", body)).status == 401
    assert (await dev.call("POST", "/api/notifications", body, key=await dev.key())).status == 202


async def test_no_token_counts_in_development_mode(start: StartService) -> None:
    service = await start(RestOptions(dev=True, admin_token=ADMIN_TOKEN))
    assert (await service.call("GET", "/api/notifications/x", admin=True)).status == 401


async def test_settings_may_change_while_it_runs(service: Service) -> None:
    service.app.configure(RestOptions(admin_token="another-token-than-before"))
    assert service.app.options.admin_token == "another-token-than-before"
    assert (await service.call("GET", "/api/stats", admin=True)).status == 401


@pytest.mark.parametrize(("trusted", "status"), [((), 403), (("127.0.0.0/8",), 404)])
async def test_a_trusted_proxy_tells_the_address(start: StartService, trusted: tuple[str, ...], status: int) -> None:
    service = await start(RestOptions(trusted_proxies=trusted))
    key = await service.key(allowed_cidrs=["192.0.2.0/24"])
    headers = {"X-Forwarded-For": "192.0.2.7"}
    assert (await service.call("GET", "/api/notifications/x", key=key, headers=headers)).status == status


async def test_what_may_subscribe_may_be_a_key_a_token_or_an_operator(service: Service, dev: Service) -> None:
    path = "/api/channels/open.1/presence"
    key, token = await service.key(), service.token("ann", channels=["*"])
    for how in ({"key": key}, {"token": key}, {"token": token}, {"admin": True}):
        reply = await service.call("GET", path, **how)
        assert reply.status == 200, how
        assert ("ratelimit-limit" in reply.headers) is ("admin" not in how)
    assert (await service.call("GET", path)).code == "missing_api_key"
    assert (await service.call("GET", path, key="wrong")).code == "invalid_api_key"
    assert (await service.call("GET", path, token=token[:-5])).status == 401
    assert (await dev.call("GET", path)).status == 200
    assert (await dev.call("GET", path, headers={"X-Forwarded-For": "192.0.2.1"})).code == "local_only"


async def test_a_page_of_a_client_may_ask_who_is_there(service: Service) -> None:
    await service.client(url="https://shop.example.com")
    headers = {"Origin": "https://shop.example.com"}
    reply = await service.call("GET", "/api/channels/open.1/presence", key=await service.key(), headers=headers)
    assert reply.headers["access-control-allow-origin"] == "https://shop.example.com"
