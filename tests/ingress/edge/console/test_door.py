"""Who is let in at the console, for how long, and what a page of others can make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.ingress.edge.console.services import ConsoleOptions
from notifyd.ingress.edge.rest.services import RestOptions
from notifyd.policy.access.console_sessions import ConsoleRules, SessionSeal
from tests.ingress.conftest import OPTIONS
from tests.ingress.edge.console.operator import Operator
from tests.ingress.harness import ADMIN_TOKEN

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Service

READING = ("/overview", "/queue", "/dead-letters", "/connections", "/logs", "/clients", "/dead-letters/export")
CHANGING = (
    ("POST", "/queue/pause"), ("DELETE", "/queue"), ("POST", "/connections/kick"), ("POST", "/keys"),
    ("POST", "/dead-letters/retry"), ("DELETE", "/dead-letters?all=true"), ("DELETE", "/session"),
)  # fmt: skip


async def test_the_right_token_begins_a_session(service: Service) -> None:
    operator = Operator(service)
    assert (await operator.call("GET", "/session")).json["signedIn"] is False
    reply = await operator.sign_in()
    assert (reply.status, reply.json["signedIn"], reply.headers["cache-control"]) == (200, True, "no-store")
    pair, *attributes = reply.headers["set-cookie"].split("; ")
    assert pair.startswith(f"notifyd-console-{service.port}=")
    assert set(attributes) == {"Path=/console", "HttpOnly", "SameSite=Strict"}
    told = (await operator.call("GET", "/session")).json
    assert (told["signedIn"], told["csrfToken"]) == (True, operator.csrf)
    assert (await operator.call("GET", "/overview")).status == 200


@pytest.mark.parametrize("token", ["", "guessed", ADMIN_TOKEN[:-1], f"{ADMIN_TOKEN} ", "ключ", "x" * 1024])
async def test_another_token_does_not(service: Service, token: str) -> None:
    operator = Operator(service)
    reply = await operator.sign_in(token)
    assert (reply.status, reply.code) == (401, "wrong_admin_token")
    assert "set-cookie" not in reply.headers
    assert not token or token not in reply.body.decode()
    assert service.services.counters.authentication_failures == 1


async def test_guessing_is_slowed_down_and_locks_nobody_out(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=60, burst=2)
    operator = Operator(service)
    statuses = [(await operator.sign_in("wrong")).status for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert (await operator.sign_in()).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_a_page_of_others_changes_nothing(operator: Operator, headers: dict[str, str]) -> None:
    reply = await operator.call("POST", "/session", {"token": ADMIN_TOKEN}, **headers)
    assert (reply.status, reply.code) == (403, "forged")
    reply = await operator.call("POST", "/queue/pause", **headers)
    assert (reply.status, reply.code) == (403, "forged")
    assert not operator.service.services.queue.stats().paused


async def test_a_form_of_others_changes_nothing(operator: Operator) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert (await operator.call("POST", "/queue/pause", content_type=kind)).status == 415
        assert (await operator.call("POST", "/session", content_type=kind)).status == 415


async def test_what_changes_something_needs_the_token_of_the_session(operator: Operator) -> None:
    for method, path in CHANGING:
        for wrong in ("", "wrong", operator.csrf[:-1]):
            reply = await operator.call(method, path, x_csrf_token=wrong)
            assert (reply.status, reply.code) == (403, "forged")


async def test_the_token_of_another_session_does_not_do(operator: Operator, service: Service) -> None:
    other = Operator(service)
    await other.sign_in()
    reply = await operator.call("POST", "/queue/pause", x_csrf_token=other.csrf)
    assert (reply.status, reply.code) == (403, "forged")


async def test_without_a_session_nothing_is_told(service: Service) -> None:
    operator = Operator(service)
    for path in READING:
        for cookie in ("", f"notifyd-console-{service.port}=AAAA", f"other={ADMIN_TOKEN}"):
            reply = await operator.call("GET", path, cookie=cookie)
            assert (reply.status, reply.code) == (401, "console_session_required")


async def test_without_a_session_nothing_is_done(service: Service) -> None:
    for method, path in CHANGING:
        reply = await Operator(service).call(method, path, x_csrf_token="AAAA")
        assert (reply.status, reply.code) == (401, "console_session_required")


async def test_neither_a_key_nor_the_admin_token_does_in_its_place(service: Service) -> None:
    reply = await service.call("GET", "/console/api/overview", admin=True)
    assert (reply.status, reply.code) == (401, "console_session_required")
    assert (await service.call("GET", "/console/api/overview", key=await service.key())).status == 401


async def test_who_signs_out_is_out_even_with_the_old_cookie(operator: Operator) -> None:
    reply = await operator.call("DELETE", "/session")
    assert (reply.status, reply.json["signedIn"]) == (200, False)
    assert "Max-Age=0" in reply.headers["set-cookie"]
    assert (await operator.call("GET", "/overview")).status == 401


async def test_a_new_admin_token_ends_all_sessions(operator: Operator, service: Service) -> None:
    service.app.configure(replace(OPTIONS, admin_token="another-admin-token-of-the-tests"))
    assert (await operator.call("GET", "/overview")).status == 401


async def test_a_session_ends_and_is_kept_alive_by_use(start: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ConsoleRules(idle_ms=60_000, max_ms=100_000)
    service = await start(replace(OPTIONS, console=ConsoleOptions(rules=rules)))
    now = [1_800_000_000_000]
    monkeypatch.setattr("notifyd.ingress.edge.console.door.now_ms", lambda: now[0])
    operator = Operator(service)
    await operator.sign_in()
    for later in (5_000, 45_000):
        now[0] += later
        reply = await operator.call("GET", "/overview")
        assert reply.status == 200
        if "set-cookie" in reply.headers:
            operator.cookie = reply.headers["set-cookie"].partition(";")[0]
    sealed = operator.cookie.partition("=")[2]
    session = SessionSeal(ADMIN_TOKEN).open(sealed)
    assert session is not None
    assert session.seen_at == session.begun_at + 50_000, "not with every call, which would be work for nothing"
    now[0] += 49_000
    assert (await operator.call("GET", "/overview")).status == 200
    now[0] += 1_000
    assert (await operator.call("GET", "/overview")).status == 401


async def test_over_tls_the_cookie_is_bound_to_the_host(start: StartService) -> None:
    service = await start(replace(OPTIONS, trusted_proxies=("127.0.0.0/8",)))
    operator = Operator(service)
    far = {"x_forwarded_proto": "https", "x_forwarded_host": "ops.example", "origin": "https://ops.example"}
    reply = await operator.sign_in(**far)
    pair, *attributes = reply.headers["set-cookie"].split("; ")
    assert pair.startswith("__Host-notifyd-console=")
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"}
    assert (await operator.call("POST", "/queue/pause", **far)).status == 200
    assert (await operator.call("GET", "/overview")).status == 401, "the same cookie, in the clear"


async def test_no_other_origin_may_read_it(start: StartService) -> None:
    service = await start(replace(OPTIONS, allowed_origins=("https://app.example",)))
    operator = Operator(service)
    await operator.sign_in()
    reply = await operator.call("GET", "/overview", origin="https://app.example")
    assert not [name for name in reply.headers if name.startswith("access-control")]


async def test_it_can_be_switched_off(start: StartService) -> None:
    service = await start(replace(OPTIONS, console=ConsoleOptions(enabled=False)))
    for path in ("/console", "/console/api/session", "/console/api/overview", "/console/files/a/main.js"):
        reply = await service.call("GET", path)
        assert (reply.status, reply.code) == (404, "console_off")
    assert (await Operator(service).sign_in()).code == "console_off"


async def test_in_development_nobody_signs_in_and_nobody_comes_from_elsewhere(dev: Service) -> None:
    operator = Operator(dev)
    told = (await operator.call("GET", "/session")).json
    assert (told["signedIn"], told["development"]) == (True, True)
    operator.csrf = told["csrfToken"]
    assert (await operator.call("POST", "/queue/pause")).status == 200
    assert (await operator.call("POST", "/queue/pause", x_csrf_token="")).code == "forged"
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "http://evil.example"}, {"host": "evil.example"}):
        assert (await operator.call("POST", "/queue/pause", **headers)).status == 403
        assert (await operator.call("GET", "/overview", **headers)).code == "local_only"


async def test_without_a_token_nobody_is_an_operator(start: StartService) -> None:
    service = await start(RestOptions(admin_token=""))
    assert (await Operator(service).sign_in("")).code == "wrong_admin_token"
