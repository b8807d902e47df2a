"""Who is in a channel, and which connections do not keep up."""

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli import samples
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin, Ctl


@pytest.fixture
def _presence(admin: Admin):
    alice = types_pb2.Member(user_id="alice", connection_ids=["c_1", "c_2"])
    alice.joined_at.FromMilliseconds(samples.NOON_MS)
    members = [alice, types_pb2.Member(connection_ids=["c_3"])]
    answer = pb.Presence(channel="orders", member_count=5, subscriber_count=6, members=members)
    admin.answers("GetPresence", answer)


@pytest.mark.usefixtures("_presence")
def test_presence_in_every_format(ctl: Ctl, admin: Admin):
    result = ctl("channels", "presence", "orders", "--client", "acme", "-n", "2", "-o", "table")
    rows = [line.split() for line in result.lines]
    assert rows[:2] == [["Channel", "orders"], ["Members", "5"]]
    assert rows[-3:][0] == ["User", "Joined", "Connections"]
    assert (rows[-2][0], rows[-2][-1], rows[-1][0], rows[-1][-1]) == ("alice", "c_1,c_2", "-", "c_3")
    assert "2 of 5 members" in result.err
    assert admin.requests == [pb.GetPresenceRequest(client_id="acme", channel="orders", limit=2)]
    assert ctl("channels", "presence", "orders", "-q").out == "alice\nc_3\n"
    record = ctl("channels", "presence", "orders", "-o", "json").json
    assert (record["memberCount"], record["members"][0]["userId"]) == (5, "alice")
    assert ctl("channels", "presence", "orders").lines[:2] == ["channel\torders", "memberCount\t5"]


@pytest.fixture
def _slow(admin: Admin):
    slow = pb.Connection(
        id="c_1", client_id="default", transport="websocket", user_id=HOSTILE, outbox_bytes=262_144,
        outbox_limit_bytes=1_048_576, idle_seconds=0.123456,
    )  # fmt: skip
    slow.behind_since.FromMilliseconds(samples.NOON_MS)
    cut = pb.CutOff(id="c_0", client_id="default", key_id="key_1", transport="sse", outbox_bytes=1_048_576)
    cut.at.FromMilliseconds(samples.NOON_MS)
    admin.answers("ListConnections", pb.ListConnectionsResponse(connections=[slow], total=1, recently_cut=[cut]))


@pytest.mark.usefixtures("_slow")
def test_the_slow_ones_and_how_full_they_are(ctl: Ctl):
    live, cut = ctl("connections", "list", "--slow", "-o", "json").json
    assert (live["who"], live["outboxShare"], live["cutOffAt"]) == (HOSTILE, 0.25, None)
    assert (cut["id"], cut["who"], cut["cutOffAt"]) == ("c_0", "key_1", "2026-01-30T12:00:00.123Z")
    assert live.keys() == cut.keys()
    fields = ctl("connections", "list", "--slow").lines[0].split("\t")
    assert fields[3:9] == ["websocket", "262144", "0.25", "2026-01-30T12:00:00.123Z", "", "0.123"]
    assert ctl("connections", "list", "--slow", "-q").out == "c_1\n"


@pytest.mark.usefixtures("_slow")
def test_the_slow_ones_for_reading(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "160")
    _, live, cut = ctl("connections", "list", "--slow", "-o", "table").lines
    assert ("25.0%" in live, "256.0 KiB" in live, HOSTILE in live) == (True, True, False)
    assert ("ago" in cut, cut.split()[:3]) == (True, ["c_0", "default", "key_1"])


@pytest.mark.parametrize(
    ("command", "method", "answer"),
    [
        ("connections", "ListConnections", pb.ListConnectionsResponse()),
        ("users", "ListInboxes", pb.ListInboxesResponse()),
        ("subscriptions", "ListDurable", pb.ListDurableResponse()),
    ],
)
def test_nothing_of_a_client_that_is_not_there_is_3(ctl: Ctl, admin: Admin, command: str, method: str, answer: object):
    admin.answers(method, answer)
    admin.answers("GetClient", samples.client())
    assert ctl(command, "list", "--client", "c_shop").status == 0
    admin.refuses("GetClient", grpc.StatusCode.NOT_FOUND, "no such client")
    assert ctl(command, "list", "--client", "nope").status == 3
    assert ctl(command, "list").status == 0


def test_one_that_is_just_being_closed_is_one_row(ctl: Ctl, admin: Admin):
    connection, cut = pb.Connection(id="c_1", outbox_bytes=1), pb.CutOff(id="c_1")
    cut.at.FromMilliseconds(samples.NOON_MS)
    admin.answers("ListConnections", pb.ListConnectionsResponse(connections=[connection], recently_cut=[cut]))
    (row,) = ctl("connections", "list", "--slow", "-o", "json").json
    assert (row["outboxBytes"], row["cutOffAt"]) == (1, "2026-01-30T12:00:00.123Z")
