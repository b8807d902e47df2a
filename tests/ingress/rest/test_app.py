"""The application as the edge sees it: upgrades, the two ways in, and its log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import structlog
import trio
from starlette.routing import Route

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.rest import reception
from notifyd.ingress.edge.rest.resource import Resource
from notifyd.wire.rest.openapi import openapi_document
from tests.ingress.harness import Service, head, parse_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Lines:
    """A logger that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def debug(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **structlog.contextvars.get_contextvars(), **fields})

    error = debug


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    logger = Lines()
    monkeypatch.setattr(reception, "log", logger)
    return logger.lines  # type: ignore[return-value]


async def handshake(service: Service, path: str, port: int) -> int:

    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(head("GET", path, UPGRADE | {"Host": "localhost"}))
        await stream.send_eof()
        return parse_reply(b"".join([chunk async for chunk in stream])).status


@pytest.mark.parametrize(("path", "status"), [("/", 418), ("/?a=1", 418), ("/other", 404), ("/api/health", 404)])
async def test_websocket_is_spoken_at_the_root(service: Service, path: str, status: int) -> None:
    assert await handshake(service, path, service.port) == status


@pytest.mark.parametrize("path", ["/", "/anything", "/api/health"])
async def test_websocket_is_spoken_anywhere_on_its_own_port(service: Service, path: str) -> None:
    assert await handshake(service, path, service.ws_port) == 418


@pytest.mark.parametrize("size", [0, 70_000])
async def test_plain_http_on_the_websocket_port_is_426(service: Service, size: int) -> None:
    reply = await service.call("POST", "/api/notifications", body=b"x" * size, port=service.ws_port)
    assert (reply.status, reply.code) == (426, "upgrade_required")
    assert size or reply.headers["upgrade"] == "websocket"


async def test_only_publishing_is_fast(service: Service) -> None:
    for method, path in (("GET", "/api/notifications"), ("POST", "/api/keys"), ("GET", "/api/health")):
        raw = path.encode()
        assert service.app.fast(Request(method, raw, path, raw, b"", "1.1", (), b"", Peer("127.0.0.1", 1))) is None


async def test_log_lines_carry_templates_and_never_paths(service: Service, lines: list[dict[str, Any]]) -> None:
    key = await service.key()
    await service.call("GET", f"/api/keys/{key}", admin=True, headers={"X-Request-Id": "mine"})
    await service.call("GET", f"/secret/{key}")
    await service.call("POST", "/api/notifications", {"channel": "c", "data": 1}, key=key)
    assert [(line["event"], line["route"], line["status"]) for line in lines] == [
        ("http_request", "/api/keys/{id}", 200),
        ("http_request", "(unknown)", 404),
        ("http_request", "/api/notifications", 202),
    ]
    assert lines[0]["request_id"] == "mine"
    assert key not in repr(lines)


async def test_a_fault_is_logged_with_its_request(
    service: Service, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.services.stats, "fresh", lambda: 1 // 0)
    reply = await service.call("GET", "/api/stats", admin=True)
    assert (lines[0]["event"], lines[0]["route"]) == ("request_failed", "/api/stats")
    assert lines[0]["request_id"] == reply.headers["x-request-id"]
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)


def is_for_programs(path: str) -> bool:
    """Whether it is part of the interface: the pages that tell of it, and the console with what they ask, are not."""
    return not path.startswith(("/api/docs", "/console"))


async def test_every_route_is_in_the_document_and_nothing_else(service: Service) -> None:
    routed: set[tuple[str, str]] = set()
    for route in service.app.asgi.routes:  # type: ignore[attr-defined]
        assert isinstance(route, Route)
        assert isinstance(route.endpoint, Resource)
        assert route.path_format == route.endpoint.path
        routed |= {(route.path_format, method) for method in route.endpoint.operations if method != "HEAD"}
    paths = openapi_document("0")["paths"]
    documented = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    assert {(path, method) for path, method in routed if is_for_programs(path)} == documented
