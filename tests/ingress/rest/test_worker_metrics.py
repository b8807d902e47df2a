"""One scrape for all workers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.rest.metrics import metrics
from notifyd.ingress.edge.siblings.door import open_door
from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.telemetry.metrics import Counters
from notifyd.telemetry.prometheus import Exposition
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.edge_harness import EchoApp, serving

OTHER = b"# HELP notifyd_errors_total Faults.\n# TYPE notifyd_errors_total counter\nnotifyd_errors_total 7.0\n"
HEADERS = ((b"host", b"a"), (b"authorization", b"Bearer t"))


async def scrape(siblings: Siblings, scope: str | None = None) -> Answer:
    request = Request(
        "GET", b"/metrics?x=y", "/metrics", b"/metrics", b"x=y", "1.1", HEADERS, b"", Peer("127.0.0.1", 9)
    )
    call: Any = SimpleNamespace(request=request, headers=dict(HEADERS), query={"scope": scope}.get)
    return await metrics(call, Exposition(Counters()), siblings)


@pytest.mark.parametrize(("siblings", "scope"), [(Siblings(), None), (Siblings(0, [Path("/0"), Path("/1")]), "worker")])
async def test_who_is_alone_or_asked_for_itself_answers_for_itself(siblings: Siblings, scope: str | None) -> None:
    answer = await scrape(siblings, scope)
    assert answer.content_type.startswith(b"text/plain; version=0.0.4")
    assert b"\nnotifyd_errors_total 0.0\n" in answer.body
    assert b"worker" not in answer.body


async def test_the_others_are_asked_for_themselves_with_the_same_credential() -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(200, OTHER, b"text/plain")
    with TemporaryDirectory(prefix="nd") as folder:
        doors = [Path(folder) / str(index) for index in range(3)]
        async with serving(app) as served:
            served.server.listen_to_siblings(open_door(doors[0]), app)
            answer = await scrape(Siblings(1, doors))
    (asked,) = app.requests
    assert (asked.target, asked.header(b"authorization")) == (b"/metrics?scope=worker", b"Bearer t")
    for line in (
        b'notifyd_errors_total{worker="0"} 7.0',
        b'notifyd_errors_total{worker="1"} 0.0',
        b'notifyd_worker_up{worker="2"} 0',
    ):
        assert b"\n%s\n" % line in answer.body


async def test_who_is_not_let_in_is_down() -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(401, b"{}")
    with TemporaryDirectory(prefix="nd") as folder:
        doors = [Path(folder) / str(index) for index in range(2)]
        async with serving(app) as served:
            served.server.listen_to_siblings(open_door(doors[1]), app)
            answer = await scrape(Siblings(0, doors))
    assert b'notifyd_worker_up{worker="1"} 0\n' in answer.body
