"""Asking every other worker at once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.siblings.door import open_door
from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.edge_harness import EchoApp, serving

HEADERS = ((b"host", b"a"), (b"a", b"b"))
REQUEST = Request("GET", b"/metrics?scope=worker", "/metrics", b"/metrics", b"", "1.1", HEADERS, b"", Peer("::1", 9))


async def answers_of(doors: list[Path], request: Any = REQUEST) -> list[Any]:
    answers = await Siblings(0, doors).ask_all(request, seconds=0.5)
    return [answers.get(index) for index in range(len(doors))]


async def test_each_is_asked_and_nobody_who_is_gone_is_waited_for() -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(200, request.target, b"text/plain", ((b"X-A", request.header(b"a") or b""),))
    with TemporaryDirectory(prefix="nd") as folder:
        doors = [Path(folder) / str(index) for index in range(4)]
        with open_door(doors[3]):  # never accepts
            async with serving(app) as served:
                served.server.listen_to_siblings(open_door(doors[1]), app)
                started = trio.current_time()
                answers = await answers_of(doors)
                assert trio.current_time() - started < 5
    assert [answer and answer.body for answer in answers] == [None, b"/metrics?scope=worker", None, None]
    assert answers[1].headers == ((b"x-a", b"b"),)


async def test_nonsense_is_no_answer() -> None:
    app = EchoApp()
    with TemporaryDirectory(prefix="nd") as folder:
        doors = [Path(folder) / "0", Path(folder) / "1"]
        async with serving(app) as served:
            served.server.listen_to_siblings(open_door(doors[1]), app)
            stranger = replace(REQUEST, peer=Peer("nobody", 1))  # a preface that is not believed
            assert await answers_of(doors, stranger) == [None, None]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_body_is_passed_on_as_one_whatever_the_method(method: str) -> None:
    app, body = EchoApp(), b"GET /theirs HTTP/1.1\r\nHost: a\r\n\r\n"
    app.answer = lambda request: Answer(200, request.method.encode() + b" " + request.body, b"text/plain")
    with TemporaryDirectory(prefix="nd") as folder:
        door = Path(folder) / "1"
        async with serving(app) as served:
            served.server.listen_to_siblings(open_door(door), app)
            found = (await answers_of([Path(folder) / "0", door], replace(REQUEST, method=method, body=body)))[1]
    assert found is not None
    assert (found.status, found.body) == (200, method.encode() + b" " + body)
