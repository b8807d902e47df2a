"""Which pages may read what polling answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ingress.edge.socketio.drivers import engine

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request

ORIGIN = b"Origin: https://app.example\r\n"


def own_page(request: Request) -> str | None:
    origin = (request.header(b"origin") or b"").decode()
    return origin if origin == "https://app.example" else None


@pytest.mark.parametrize(
    "query", ["EIO=4&transport=polling", "EIO=3&transport=polling", "EIO=4&transport=polling&sid=x"]
)
async def test_a_page_that_may_reads_answers_and_refusals(query: str) -> None:
    async with engine(allowed_origin=own_page) as peer:
        headers = (await peer.ask("GET", "/engine.io/?" + query, headers=ORIGIN)).headers
        assert headers[b"access-control-allow-origin"] == b"https://app.example"
        assert headers[b"access-control-allow-credentials"] == b"true"
        assert headers[b"vary"] == b"Origin"


async def test_polls_and_posts_too() -> None:
    async with engine(allowed_origin=own_page) as peer:
        await peer.begin()
        for method, body in (("POST", b"4a"), ("GET", b"")):
            headers = (await peer.ask(method, peer.url("polling"), body, ORIGIN)).headers
            assert headers[b"access-control-allow-origin"] == b"https://app.example"


async def test_another_page_may_not() -> None:
    async with engine(allowed_origin=own_page) as peer:
        headers = (await peer.ask("GET", peer.url("polling"), headers=b"Origin: https://evil.example\r\n")).headers
        assert not [name for name in headers if name.startswith(b"access-control")]
        assert headers[b"vary"] == b"Origin"


async def test_any_page_gets_no_credentials() -> None:
    async with engine(allowed_origin=lambda request: "*") as peer:
        headers = (await peer.ask("GET", peer.url("polling"), headers=ORIGIN)).headers
        assert headers[b"access-control-allow-origin"] == b"*"
        assert b"access-control-allow-credentials" not in headers


async def test_a_preflight() -> None:
    async with engine(allowed_origin=own_page) as peer:
        wish = (
            ORIGIN + b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-mine, authorization\r\n"
        )
        answer = await peer.ask("OPTIONS", peer.url("polling"), headers=wish)
        assert answer.status == 204
        assert answer.headers[b"access-control-allow-methods"] == b"GET, POST, OPTIONS"
        assert answer.headers[b"access-control-allow-headers"] == b"x-mine, authorization"
        assert answer.headers[b"access-control-max-age"] == b"600"
        assert answer.headers[b"access-control-allow-origin"] == b"https://app.example"


async def test_a_preflight_of_another_page_is_not_told_that_it_may() -> None:
    async with engine(allowed_origin=own_page) as peer:
        answer = await peer.ask("OPTIONS", peer.url("polling"))
        assert answer.status == 204
        assert b"access-control-allow-origin" not in answer.headers
        assert b"access-control-allow-headers" not in answer.headers
