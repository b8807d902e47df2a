"""What the edge says by itself has the shape of every error, and an id that is in the log too."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from notifyd.errors import Draining
from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.refusals import handshake_refused
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.edge_harness import GET, HANDSHAKE, EchoApp, Parsed, asgi_app, one_answer, serving

NAMED = b"\r\nX-Request-Id: mine\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def error_of(answer: Parsed) -> dict[str, str]:
    """The error of *answer*, whose id is in its header too."""
    body = msgspec.json.decode(answer.body)
    assert body["success"] is False
    assert body["error"]["requestId"].encode() == answer.headers[b"x-request-id"]
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: 1048577\r\n\r\n", 413, "too_large"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nX\r\n", 400, "bad_request"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "too_large"),
        (HANDSHAKE.replace(b"13", b"12"), 426, "upgrade_required"),
        (HANDSHAKE.replace(b"GET", b"POST"), 405, "method_not_allowed"),
        (HANDSHAKE.replace(b"==", b""), 400, "bad_request"),
    ],
)
async def test_a_refusal(data: bytes, status: int, code: str) -> None:
    answer = await one_answer(data)
    assert (answer.status, error_of(answer)["code"]) == (status, code)
    assert answer.headers[b"connection"] == b"close"


async def test_a_body_that_came_too_slowly() -> None:
    settings = {"body_timeout_seconds": 0.1}
    answer = await one_answer(POST + b"Content-Length: 5\r\n\r\n", http=settings)
    assert (answer.status, error_of(answer)["code"]) == (408, "bad_request")


async def test_the_id_of_the_peer_is_kept_where_its_request_was_understood() -> None:
    answer = await one_answer(HANDSHAKE.replace(b"13", b"12").replace(b"\r\n\r\n", NAMED))
    assert error_of(answer)["requestId"] == "mine"


async def test_a_refused_head_has_no_body() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.send(HANDSHAKE.replace(b"GET", b"HEAD"))
        assert (await peer.answer(to_head=True)).status == 405
        assert await peer.rest() == b""


async def test_one_connection_too_many() -> None:
    async with serving(connections={"max_connections": 0}) as served, served.connect() as peer:
        answer = await peer.answer()
        assert (answer.status, error_of(answer)["code"]) == (503, "too_many_connections")
        assert answer.headers[b"retry-after"] == b"5"
        assert b"date" in answer.headers


def failing(*_: Any) -> Any:
    raise RuntimeError


async def failing_later(*_: Any) -> Any:
    raise RuntimeError


async def saying_nothing(*_: Any) -> None:
    pass


class FailingPending:
    answer = None
    wait = failing_later


def app_with(**changes: Any) -> EchoApp:
    app = EchoApp()
    for name, value in changes.items():
        setattr(app, name, value)
    return app


BROKEN = {
    "at once": (app_with(answer=failing), GET),
    "while it is waited for": (app_with(answer=lambda request: FailingPending()), GET),
    "with an answer that splits": (app_with(answer=lambda r: Answer(200, headers=((b"X", b"a\r\nb: c"),))), GET),
    "in the loop": (asgi_app(failing_later), GET),
    "by saying nothing": (asgi_app(saying_nothing), GET),
    "over a stream": (app_with(answer=lambda request: None, streamed=failing), GET),
    "over an upgrade": (app_with(upgraded=failing), HANDSHAKE),
    "with an upgrade that splits": (
        app_with(upgraded=lambda request: Upgrade(EchoApp().recorder, headers=((b"X", b"\n"),))),
        HANDSHAKE,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_an_application_that_fails(name: str) -> None:
    app, data = BROKEN[name]
    with capture_logs() as logs:
        error = error_of(await one_answer(data, app=app))
    assert error["code"] == "internal"
    assert [(line["log_level"], line["request_id"]) for line in logs] == [("error", error["requestId"])]


def test_a_handshake_is_refused_with_the_status_of_its_problem() -> None:
    where = (b"/", "/", b"/", b"")
    request = Request("GET", *where, "1.1", ((b"x-request-id", b"mine"),), b"", Peer("192.0.2.7", 1))
    answer = handshake_refused(Draining("later", retry_after_seconds=2), request)
    headers = dict(answer.headers)
    assert (answer.status, answer.close, headers[b"X-Request-Id"], headers[b"Retry-After"]) == (
        503,
        True,
        b"mine",
        b"2",
    )
    assert msgspec.json.decode(answer.body)["error"]["code"] == "draining"
