"""Looking at a service: what is asked, and what becomes of answers that do not come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import grpc
import pytest

from notifyctl.daemons.calling import Daemon
from notifyctl.exits import Refusal, Status
from notifyctl.screen.looker import Looker, Looking, look
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples

if TYPE_CHECKING:
    from tests.cli.scripted import Admin

LONGEST_SECONDS = 20.0


def prepared(admin: Admin, **stats: object) -> None:
    """Have *admin* answer everything that a look asks for."""
    admin.answers("GetStats", samples.stats(**stats))
    admin.answers("ListNodes", pb.ListNodesResponse(nodes=[pb.Node(id="a", name="a", state="ready", self=True)]))
    slow = pb.Connection(id="c_1", outbox_bytes=5, outbox_limit_bytes=10)
    cut = pb.CutOff(id="c_2")
    admin.answers("ListConnections", pb.ListConnectionsResponse(connections=[slow], recently_cut=[cut]))
    admin.answers("TailLogs", [pb.LogRecord(level="error", event="broken"), pb.LogRecord(dropped=3)])


def daemon(admin: Admin, seconds: float = LONGEST_SECONDS) -> Daemon:
    return Daemon(str(admin.socket), seconds)


def test_a_look_asks_for_all_that_is_shown(admin: Admin) -> None:
    prepared(admin, accepted=7)
    with daemon(admin) as asked:
        found = look(asked)
    assert found.stats["accepted"] == 7
    assert [each["id"] for each in (*found.nodes, *found.slow, *found.cut)] == ["a", "c_1", "c_2"]
    assert [each["event"] for each in found.troubles] == ["broken"]
    assert pb.ListConnectionsRequest(slow=True, limit=20) in admin.requests


def test_engines_are_asked_for_where_something_is_away(admin: Admin) -> None:
    prepared(admin)
    admin.answers("ListNodes", pb.ListNodesResponse(nodes=[pb.Node(id="a", name="a", state="degraded")]))
    broken = pb.EngineStatus(name="queue", engine="redis", detail="connection refused")
    admin.answers("GetStatus", samples.status(engines=[broken, pb.EngineStatus(name="records", healthy=True)]))
    with daemon(admin) as asked:
        assert [engine["name"] for engine in look(asked).away] == ["queue"]


def test_a_daemon_that_knows_no_nodes_is_shown_without(admin: Admin) -> None:
    prepared(admin)
    admin.refuses("ListNodes", grpc.StatusCode.UNIMPLEMENTED, "what?")
    with daemon(admin) as asked:
        assert look(asked).nodes == []


def test_a_refusal_is_one(admin: Admin) -> None:
    admin.refuses("GetStats", grpc.StatusCode.PERMISSION_DENIED, "not you")
    with daemon(admin) as asked, pytest.raises(Refusal, match="not you"):
        look(asked)


def test_since_when_there_is_no_answer_is_remembered() -> None:
    looking = Looking()
    looking.failed(Refusal("No daemon answers; tried a (gone). Start one.", Status.UNREACHABLE))
    begun = looking.since_monotonic
    looking.failed(Refusal("...", Status.TIMED_OUT))
    assert looking.problem == "There was no answer within 3 s."
    assert looking.since_monotonic == begun
    looking.failed(Refusal("No daemon answers; tried a (gone). Start one.", Status.UNREACHABLE))
    assert looking.problem == "No daemon answers; tried a (gone)."


def test_it_goes_on_when_the_daemon_goes_and_comes(admin: Admin) -> None:
    prepared(admin)
    looking, changed = Looking(), threading.Semaphore(0)
    with daemon(admin) as asked:
        looker = Looker(asked, looking, 0.05, changed.release)
        looker.start()
        try:
            until(changed, lambda: looking.figures.last is not None)
            admin.stop()
            until(changed, lambda: bool(looking.problem))
            admin.start()
            until(changed, lambda: not looking.problem)
        finally:
            looker.stop()
            looker.join(LONGEST_SECONDS)
    assert not looker.is_alive()


def until(changed: threading.Semaphore, true: object) -> None:
    assert callable(true)
    while not true():
        assert changed.acquire(timeout=LONGEST_SECONDS)
