"""Methods, unknown paths, CORS, and the other way in of large bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.rest.services import RestOptions
from notifyd.wire.rest.operations import OPERATIONS
from tests.ingress.harness import ADMIN_TOKEN, Service, head, parse_reply

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService

PAGES = RestOptions(admin_token=ADMIN_TOKEN, allowed_origins=("https://app.example",))
PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}


def concrete(path: str) -> str:
    return re.sub(r"{\w+}", "x", path)


@pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS}))
async def test_a_wrong_method_is_told_the_right_ones(service: Service, path: str) -> None:
    right = {operation.method for operation in OPERATIONS if operation.path == path} | {"OPTIONS"}
    reply = await service.call("PATCH", concrete(path), admin=True)
    assert (reply.status, reply.code) == (405, "method_not_allowed")
    assert set(reply.headers["allow"].split(", ")) - {"HEAD"} == right
    assert ("HEAD" in reply.headers["allow"]) == ("GET" in right)


@pytest.mark.parametrize("path", sorted({o.path for o in OPERATIONS if o.method == "GET" and "{" not in o.path}))
async def test_head_is_get_without_the_body(service: Service, path: str) -> None:
    get = await service.call("GET", path, admin=True)
    without = await service.call("HEAD", path, admin=True)
    assert (without.status, without.body) == (get.status, b"")
    assert without.headers["content-type"] == get.headers["content-type"]


async def test_head_of_a_refusal(service: Service) -> None:
    reply = await service.call("HEAD", "/api/keys")
    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api/keys/", "/api/nope", "/api/keys/a/b", "//api/health"])
async def test_an_unknown_path_is_404(service: Service, path: str) -> None:
    reply = await service.call("GET", path)
    assert (reply.status, reply.code) == (404, "not_found")


async def test_options_tells_the_methods(service: Service) -> None:
    reply = await service.call("OPTIONS", "/api/keys")
    assert (reply.status, reply.body, reply.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS, POST")
    assert not [name for name in reply.headers if name.startswith("access-control")]


async def test_pages_are_not_let_in_unless_they_are_named(service: Service) -> None:
    reply = await service.call("OPTIONS", "/api/notifications", headers=PREFLIGHT)
    assert not [name for name in reply.headers if name.startswith("access-control") or name == "vary"]


async def test_a_preflight_of_a_named_page_is_answered(start: StartService) -> None:
    reply = await (await start(PAGES)).call("OPTIONS", "/api/notifications", headers=PREFLIGHT)
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (204, "https://app.example")
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert "X-API-Key" in reply.headers["access-control-allow-headers"]
    assert reply.headers["vary"] == "Origin"


async def test_a_preflight_of_another_page_is_not(start: StartService) -> None:
    headers = PREFLIGHT | {"Origin": "https://evil.example"}
    reply = await (await start(PAGES)).call("OPTIONS", "/api/notifications", headers=headers)
    assert "access-control-allow-origin" not in reply.headers
    assert reply.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/api/notifications", "/api/health"])
async def test_a_named_page_may_read_answers_and_refusals(start: StartService, path: str) -> None:
    method = "GET" if "health" in path else "POST"
    reply = await (await start(PAGES)).call(method, path, headers={"Origin": "https://app.example"})
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert "X-Request-Id" in reply.headers["access-control-expose-headers"]


async def test_any_page_may_where_the_operator_says_so(start: StartService) -> None:
    service = await start(RestOptions(allowed_origins=("*",)))
    reply = await service.call("GET", "/api/health", headers={"Origin": "null"})
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await service.call("GET", "/api/health")).headers


async def test_a_body_that_ends_early_is_refused(service: Service) -> None:
    headers = {"Host": "localhost", "X-API-Key": await service.key(), "Content-Length": "100000"}
    async with await service.connect() as stream:
        await stream.send_all(head("POST", "/api/notifications", headers) + b"x" * 70_000)
        await stream.send_eof()
        reply = parse_reply(b"".join([chunk async for chunk in stream]))
    assert (reply.status, reply.code, reply.headers["connection"]) == (400, "incomplete_body", "close")


async def test_a_refused_upload_ends_the_connection(service: Service) -> None:
    headers = {"Host": "localhost", "Content-Length": "200000"}
    async with await service.connect() as stream:
        await stream.send_all(head("POST", "/api/notifications", headers) + b"x" * 100)
        reply = parse_reply(b"".join([chunk async for chunk in stream]))
    assert (reply.status, reply.headers["connection"]) == (401, "close")


async def test_a_chunked_body_over_the_limit_is_refused(service: Service) -> None:
    chunk = b"4e20\r\n" + b" " * 20_000 + b"\r\n"
    headers = {"X-API-Key": await service.key(), "Transfer-Encoding": "chunked", "Host": "localhost"}
    async with await service.connect() as stream:
        await stream.send_all(head("POST", "/api/notifications", headers) + chunk * 16)
        reply = parse_reply(b"".join([piece async for piece in stream]))
    assert (reply.status, reply.code) == (413, "too_large")


async def test_a_fault_of_ours_has_a_request_id_and_no_details(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(service.services.stats, "fresh", broken)
    reply = await service.call("GET", "/api/stats", admin=True)
    assert (reply.status, reply.code) == (500, "internal")
    assert b"detail" not in reply.body
