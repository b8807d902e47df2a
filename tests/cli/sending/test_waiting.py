"""send --wait, send --wait-ack and notifications wait."""

import threading
import time

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


@pytest.fixture(autouse=True)
def _accepting(admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)
    accepted = types_pb2.PublishResponse(notification_id="n_1", status="accepted", durability="fsync")
    admin.answers("Publish", accepted)


def ends(admin: Admin, verdict: str, acked: int = 0, wanted: int = 0, **receipt: object) -> None:
    before = pb.WaitEvent(receipt=samples.receipt(state="waiting"), wanted=wanted)
    last = pb.WaitEvent(receipt=samples.receipt(acked=acked, **receipt), verdict=verdict, acked=acked, wanted=wanted)
    admin.answers("WaitNotification", [before, last])


SEND = ("send", "--channel", "orders", "hello")


def test_done_is_0_and_a_line(ctl: Ctl, admin: Admin):
    ends(admin, "done", delivered=2)
    result = ctl(*SEND, "--wait")
    assert (result.status, result.out) == (0, "n_1\tdispatched\t0\t2\t0\t0\t\n")
    request = admin.requests[-1]
    assert (request.id, request.until, request.acks) == ("n_1", "dispatched", 0)
    assert 5 < request.timeout_seconds <= 30


def test_a_person_reads_a_line_too(ctl: Ctl, admin: Admin):
    ends(admin, "done", 1, 1, delivered=2)
    (line,) = ctl(*SEND, "--wait-ack", "-o", "table").lines
    assert line.split("  ")[:4] == ["n_1", "dispatched", "acked 1", "delivered 2"]


def test_programs_get_the_receipt(ctl: Ctl, admin: Admin):
    ends(admin, "done", 2, 2, timeline=[samples.happening("acked", receiver="worker")])
    result = ctl(*SEND, "--wait-ack", "--acks", "2", "--wait-timeout", "5s", "-o", "json")
    assert (result.json["acked"], result.json["timeline"][0]["event"]) == (2, "acked")
    request = admin.requests[-1]
    assert (request.until, request.acks, 0 < request.timeout_seconds <= 5) == ("acked", 2, True)
    assert len(ctl(*SEND, "--wait-ack", "-o", "ndjson").objects) == 1
    assert ctl(*SEND, "--wait-ack", "-q").out == "n_1\n"


@pytest.mark.parametrize(
    ("verdict", "acked", "wanted", "status"),
    [("timed_out", 0, 1, 7), ("timed_out", 1, 2, 8), ("failed", 0, 1, 1), ("failed", 1, 2, 8), ("timed_out", 0, 0, 7)],
)
def test_how_it_ends(ctl: Ctl, admin: Admin, verdict: str, acked: int, wanted: int, status: int):
    ends(admin, verdict, acked, wanted, state="waiting")
    result = ctl(*SEND, "--wait-ack", "-o", "json")
    assert (result.status, result.json["id"], result.error["exitStatus"]) == (status, "n_1", status)


def test_why_it_failed_is_said(ctl: Ctl, admin: Admin):
    ends(admin, "failed", state="dead", reason="fault")
    assert ctl(*SEND, "--wait").err == "Error: n_1: it is dead: fault.\n"
    ends(admin, "failed", 1, 3, state="expired")
    assert ctl(*SEND, "--wait-ack").err == "Error: n_1: 1 of 3 acked, and it is expired.\n"
    ends(admin, "timed_out", 0, 1)
    assert ctl(*SEND, "--wait-ack", "--wait-timeout", "2s").err == "Error: n_1: 0 of 1 acked within 2 s.\n"
    ends(admin, "timed_out", state="waiting")
    assert ctl(*SEND, "--wait", "--wait-timeout", "2s").err == "Error: n_1: it is still waiting after 2 s.\n"


def test_what_no_more_can_come_for_is_said(ctl: Ctl, admin: Admin):
    ends(admin, "failed", 1, 2)
    assert ctl(*SEND, "--wait-ack").err == "Error: n_1: 1 of 2 acked, and no more can come.\n"


def test_nobody_acks_a_broadcast(ctl: Ctl, admin: Admin):
    assert ctl("send", "--broadcast", "hello", "--wait-ack").status == 2
    assert admin.requests == []


def test_longer_than_the_daemon_lets_one_call_wait(ctl: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.sending.waiting._LONGEST_SECONDS", 0.2)
    verdicts = iter(["timed_out", "done"])

    def wait(request: pb.WaitNotificationRequest, _: object) -> object:
        time.sleep(request.timeout_seconds)
        yield pb.WaitEvent(receipt=samples.receipt(), verdict=next(verdicts))

    admin.does("WaitNotification", wait)
    assert ctl(*SEND, "--wait", "--wait-timeout", "300ms", "-q").out == "n_1\n"
    first, second = admin.requests[1:]
    assert (first.timeout_seconds, second.timeout_seconds < 0.2) == (0.2, True)


def test_a_full_waiting_room_is_tried_again(ctl: Ctl, admin: Admin):
    def full(_: object, context: grpc.ServicerContext) -> None:
        ends(admin, "done")
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many wait")

    admin.does("WaitNotification", full)
    assert ctl(*SEND, "--wait", "-q").out == "n_1\n"


@pytest.mark.parametrize(
    "options",
    [["--wait", "--wait-ack"], ["--acks", "2"], ["--wait", "--acks", "2"], ["--wait-ack", "--acks", "0"]],
    ids=" ".join,
)
def test_what_does_not_go_together(ctl: Ctl, admin: Admin, options: list[str]):
    assert ctl(*SEND, *options).status == 2
    assert admin.requests == []


def test_lines_are_not_waited_for(ctl: Ctl, admin: Admin):
    assert ctl("send", "--channel", "c", "--lines", "--wait", stdin=b"a\n").status == 2
    assert admin.requests == []


def test_a_restarted_daemon_is_asked_again(ctl: Ctl, admin: Admin):
    def restart(_: object, context: grpc.ServicerContext) -> object:
        ends(admin, "done")
        threading.Thread(target=lambda: (admin.stop(), admin.start())).start()
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(10)
        return iter(())

    admin.does("WaitNotification", restart)
    assert ctl(*SEND, "--wait", "-q").out == "n_1\n"


def test_a_daemon_that_stays_away_is_6_with_the_id(ctl: Ctl, admin: Admin):
    admin.refuses("WaitNotification", grpc.StatusCode.UNAVAILABLE, "gone")
    result = ctl(*SEND, "--wait", "--wait-timeout", "50ms")
    assert result.status == 6
    assert "n_1" in result.err


def test_one_sent_before_is_waited_for(ctl: Ctl, admin: Admin):
    ends(admin, "done", 1, 1)
    assert ctl("notifications", "wait", "n_1", "--until", "acked", "--timeout", "1m", "-q").out == "n_1\n"
    assert (admin.requests[-1].until, admin.requests[-1].HasField("acks")) == ("acked", False)
    assert ctl("notifications", "wait", "n_1").status == 0
    assert admin.requests[-1].until == "dispatched"
    assert ctl("notifications", "wait", "n_1", "--acks", "2").status == 2
    admin.refuses("WaitNotification", grpc.StatusCode.NOT_FOUND, "no such notification")
    assert ctl("notifications", "wait", "n_2").status == 3
