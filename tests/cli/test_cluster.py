"""cluster: the nodes, what they do in a second, and having one go."""

from typing import Any

import grpc
import pytest

from notifyctl.commands import cluster
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl

UP_MS = 90_000


def node(name: str, *, at_ms: int = UP_MS, **changes: Any) -> pb.Node:
    made = pb.Node(
        id=f"{name}-1",
        name=name,
        version="0.1.0",
        pid=17,
        state="ready",
        connections=3,
        subscriptions=4,
        accepted=100,
        deliveries=1000,
        cpu_seconds=5.0,
        resident_bytes=50 * 1024 * 1024,
        lag_seconds=0.0021,
        listeners=[f"http://{name}:3000"],
    )
    made.started_at.FromMilliseconds(samples.NOON_MS)
    made.at.FromMilliseconds(samples.NOON_MS + at_ms)
    made.MergeFrom(pb.Node(**changes))
    return made


def nodes(*listed: pb.Node) -> pb.ListNodesResponse:
    return pb.ListNodesResponse(nodes=listed)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once, and a silent node is given up soon."""
    monkeypatch.setattr(cluster, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(cluster, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(cluster, "_PATIENCE_SECONDS", 0.1)


def test_nodes_are_listed_with_what_they_did_since_their_start(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", self=True), node("two", state="draining")))
    result = ctl("cluster", "list")
    assert [line.split("\t")[:3] for line in result.lines] == [
        ["one", "ready", "0.1.0"],
        ["two", "draining", "0.1.0"],
    ]
    assert result.err == ""


def test_a_person_sees_which_node_answers(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", self=True), node("two")))
    table = ctl("cluster", "list", "-o", "table").lines
    assert "one (this one)" in table[1]
    assert "(this one)" not in table[2]
    for cell in ("1000", "5.0s", "50.0 MiB", "2.1 ms", "1m 30s"):
        assert cell in table[1]


def test_json_has_all_that_is_known_and_no_rates_that_were_not_measured(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", self=True), node("two")))
    (one, _) = ctl("cluster", "list", "-o", "json").json
    assert (one["name"], one["self"], one["uptimeSeconds"]) == ("one", True, 90.0)
    assert (one["deliveries"], one["deliveriesPerSecond"], one["cpuShare"]) == (1000, None, None)


def test_quiet_prints_ids(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", self=True)))
    result = ctl("cluster", "list", "-q")
    assert (result.lines, result.err) == (["one-1"], "")


def test_a_daemon_that_is_alone_says_so(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", self=True)))
    result = ctl("cluster", "list")
    assert len(result.lines) == 1
    assert "alone" in result.err


def test_different_versions_are_warned_of(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", version="0.2.0"), node("three"), node("two")))
    assert ctl("cluster", "list").err == "The nodes run different versions. 0.1.0: three, two; 0.2.0: one.\n"


def test_what_is_old_is_said_to_be(ctl: Ctl, admin: Admin):
    admin.answers("ListNodes", nodes(node("one", at_ms=UP_MS + 4000), node("two", at_ms=UP_MS + 9001, self=True)))
    assert ctl("cluster", "list").err == "What one told is 5.0s old: Redis is away, or its clock is 5.0s behind.\n"


def looks(admin: Admin, *answers: pb.ListNodesResponse) -> None:
    """Each look finds the next of *answers*, and the last of them again and again."""
    left, last = iter(answers), answers[-1]
    admin.does("ListNodes", lambda request, context: next(left, last))


@pytest.mark.usefixtures("hurried")
def test_rates_are_over_what_passed_on_each_nodes_own_clock(ctl: Ctl, admin: Admin):
    later = {"deliveries": 1600, "accepted": 120, "cpu_seconds": 6.0}
    looks(
        admin,
        nodes(node("one"), node("two")),
        nodes(node("one", at_ms=UP_MS + 2000, **later), node("two")),
        nodes(node("one", at_ms=UP_MS + 2500, **later), node("two", at_ms=UP_MS + 1000)),
    )
    one, two = ctl("cluster", "list", "--rates", "-o", "json").json
    assert (one["deliveriesPerSecond"], one["acceptedPerSecond"], one["cpuShare"]) == (240.0, 8.0, 0.4)
    assert (two["deliveriesPerSecond"], two["rateSeconds"]) == (0.0, 1.0)


@pytest.mark.usefixtures("hurried")
def test_a_node_that_is_silent_has_no_rates(ctl: Ctl, admin: Admin):
    looks(admin, nodes(node("one"), node("two")), nodes(node("one", at_ms=UP_MS + 1000), node("two")))
    one, two = ctl("cluster", "list", "--rates", "-o", "json").json
    assert (one["deliveriesPerSecond"], two["deliveriesPerSecond"]) == (0.0, None)


@pytest.mark.usefixtures("hurried")
def test_a_person_sees_rates_in_place_of_counts(ctl: Ctl, admin: Admin):
    looks(
        admin,
        nodes(node("one")),
        nodes(node("one", at_ms=UP_MS + 1000, deliveries=3400, accepted=100, cpu_seconds=5.5)),
    )
    header, row = ctl("cluster", "list", "--rates", "-o", "table").lines
    assert "Deliveries/s" in header
    assert "CPU time" not in header
    assert "2.4k" in row
    assert "50%" in row


def test_a_node_is_drained(ctl: Ctl, admin: Admin):
    admin.answers("DrainNode", node("two"))
    assert "name\ttwo" in ctl("cluster", "drain", "two", "--over", "30s", "--yes").lines
    assert admin.requests == [pb.DrainNodeRequest(node="two", seconds=30.0)]
    ctl("cluster", "drain", "two", "--yes")
    assert not admin.requests[-1].HasField("seconds")


def test_draining_needs_yes_where_nobody_can_be_asked(ctl: Ctl, admin: Admin):
    result = ctl("cluster", "drain", "two")
    assert (result.status, admin.requests) == (2, [])
    assert "Draining and stopping the node two needs --yes" in result.err


def test_a_node_that_is_not_there_is_not_found(ctl: Ctl, admin: Admin):
    admin.refuses("DrainNode", grpc.StatusCode.NOT_FOUND, "there is no node 'x': one", notifyd_code="node_not_found")
    result = ctl("cluster", "drain", "x", "--yes", "-o", "json")
    assert (result.status, result.error["code"]) == (3, "node_not_found")
