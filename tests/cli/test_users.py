"""Users: their inboxes, their devices, and receipts with a row for each."""

import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.v1.types_pb2 import StreamPosition
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


@pytest.fixture
def _inbox(admin: Admin):
    inbox = pb.Inbox(
        client_id="default", user_id="alice", position=StreamPosition(epoch="i1", offset=9), cursor=7, undelivered=2
    )
    admin.answers("ListInboxes", pb.ListInboxesResponse(inboxes=[inbox]))


@pytest.mark.usefixtures("_inbox")
def test_users_and_what_waits_for_them(ctl: Ctl, admin: Admin):
    assert ctl("users", "list", "-q").out == "alice\n"
    assert ctl("users", "list").out == "alice\tdefault\t0\t2\t0\t0\t7\ti1\t9\t\n"
    ctl("users", "list", "--client", "c_shop", "--prefix", "al", "-n", "5")
    assert admin.requests[-1] == pb.ListInboxesRequest(client_id="c_shop", prefix="al", limit=5)


def test_devices_show_a_part_of_the_token(ctl: Ctl, admin: Admin):
    admin.answers("ListDevices", pb.ListDevicesResponse(devices=[samples.device()]))
    (record,) = ctl("devices", "list", "--user", "alice", "-o", "json").json
    assert (record["id"], record["tokenHint"]) == ("d_1", "fMf7...x9Qa")
    assert admin.requests[-1] == pb.ListDevicesRequest(user_id="alice", limit=1000)


def test_a_device_is_registered_from_stdin(ctl: Ctl, admin: Admin):
    admin.answers("RegisterDevice", samples.device())
    result = ctl("devices", "register", "--user", "alice", "--token-file", "-", "-q", stdin=b"push-token\n")
    assert (result.out, result.err) == ("d_1\n", "")
    assert admin.requests[-1] == pb.RegisterDeviceRequest(user_id="alice", fcm_token="push-token")


def test_a_device_is_removed_when_it_is_meant(ctl: Ctl, admin: Admin):
    admin.answers("RemoveDevice", samples.device())
    assert ctl("devices", "remove", "d_1", "--client", "c_shop").status == 2
    assert ctl("devices", "remove", "d_1", "--client", "c_shop", "--yes", "-q").out == "d_1\n"
    assert admin.requests[-1] == pb.RemoveDeviceRequest(client_id="c_shop", id="d_1")


@pytest.fixture
def _receipt(admin: Admin):
    rows = [
        types_pb2.UserReceipt(user_id="alice", state="delivered", offset=9, connections=2),
        types_pb2.UserReceipt(user_id="bob", state="stored", offset=1, failed=1, reason="UNREGISTERED"),
    ]
    receipt = samples.receipt(kind="users", users=rows, stored=2, arrived=1, failed=1)
    receipt.ClearField("channel")
    admin.answers("GetNotification", receipt)


@pytest.mark.usefixtures("_receipt")
def test_a_receipt_has_a_row_for_each_user(ctl: Ctl):
    shown = ctl("notifications", "show", "n_1", "-o", "table").lines
    rows = [line.split() for line in shown[-3:]]
    assert rows[0] == ["User", "State", "Offset", "Connections", "Pushed", "Failed", "Reason"]
    assert rows[1] == ["alice", "delivered", "9", "2", "0", "0", "-"]
    assert rows[2] == ["bob", "stored", "1", "0", "0", "1", "UNREGISTERED"]
    assert [line for line in shown if line.split()[:3] == ["Users", "2:", "1"]]


def test_a_receipt_has_a_timeline(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    timeline = [
        samples.happening("accepted"), samples.happening("redelivered", receiver="worker", attempt=2),
        samples.happening("acked", user_id="alice", receiver="worker", detail=samples.HOSTILE),
    ]  # fmt: skip
    admin.answers("GetNotification", samples.receipt(acked=1, timeline=timeline))
    result = ctl("notifications", "show", "n_1", "-o", "table")
    rows = [line.split() for line in result.lines]
    assert ["Acked", "1"] in rows
    assert ["Timeline", "3", "events"] in rows
    assert rows[-4] == ["Time", "Event", "User", "Receiver", "Try", "Detail"]
    assert [row[2:6] for row in rows[-3:-1]] == [["accepted", "-", "-", "-"], ["redelivered", "-", "worker", "2"]]
    assert rows[-1][2:6] == ["acked", "alice", "worker", "-"]
    assert samples.HOSTILE not in result.out
    record = ctl("notifications", "show", "n_1", "-o", "json").json
    assert [event["event"] for event in record["timeline"]] == ["accepted", "redelivered", "acked"]


@pytest.mark.usefixtures("_receipt")
def test_a_receipt_for_programs_holds_them_all(ctl: Ctl):
    record = ctl("notifications", "show", "n_1", "-o", "json").json
    assert [(user["userId"], user["state"]) for user in record["users"]] == [("alice", "delivered"), ("bob", "stored")]
    assert (record["stored"], record["arrived"], record["failed"]) == (2, 1, 1)
    assert ctl("notifications", "show", "n_1", "-q").out == "n_1\n"
