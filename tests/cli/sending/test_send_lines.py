"""notifyctl send --lines."""

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from notifyctl.exits import Refusal
from notifyctl.stdin import Lines
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from tests.cli.scripted import Admin, Ctl

SEND = ("send", "--channel", "c", "--lines")


def accepted(index: int) -> pb.PublishResult:
    response = types_pb2.PublishResponse(notification_id=f"n_{index}", status="accepted", durability="os")
    return pb.PublishResult(index=index, accepted=response)


def refused(index: int, code: str, retry_after: float | None = None) -> pb.PublishResult:
    problem = pb.Problem(code=code, message="No.", retry_after_seconds=retry_after)
    return pb.PublishResult(index=index, refused=problem)


def judge(admin: Admin, verdict: Callable[[int, str], pb.PublishResult]) -> list[str]:
    """Answer each line by *verdict*; the list fills with what was sent."""
    seen: list[str] = []

    def publish(requests: Iterator[Any], _: grpc.ServicerContext) -> Iterator[pb.PublishResult]:
        for index, request in enumerate(requests):
            seen.append(request.data_json)
            yield verdict(index, request.data_json)

    admin.does("PublishStream", publish)
    return seen


def test_objects_are_data_and_other_lines_messages(ctl: Ctl, admin: Admin):
    seen = judge(admin, lambda index, _: accepted(index))
    result = ctl(*SEND, stdin=b'{"a":1}\nhello\n\n[1]\n{broken\r\nlast')
    assert result.status == 0
    assert seen == ['{"a":1}', '{"body": "hello"}', '{"body": "[1]"}', '{"body": "{broken"}', '{"body": "last"}']
    assert [(line["line"], line["notificationId"]) for line in result.objects] == [(n + 1, f"n_{n}") for n in range(5)]


def test_lines_to_a_user(ctl: Ctl, admin: Admin):
    targets = []

    def publish(requests: Iterator[Any], _: grpc.ServicerContext) -> Iterator[pb.PublishResult]:
        for index, request in enumerate(requests):
            targets.append(list(request.target.users.user_ids))
            yield accepted(index)

    admin.does("PublishStream", publish)
    assert ctl("send", "--user", "alice", "--lines", "-q", stdin=b"a\nb\n").out == "n_0\nn_1\n"
    assert targets == [["alice"], ["alice"]]


def test_quiet_prints_ids(ctl: Ctl, admin: Admin):
    judge(admin, lambda index, _: accepted(index))
    assert ctl(*SEND, "-q", stdin=b"a\nb\n").out == "n_0\nn_1\n"


def test_some_refused_is_8(ctl: Ctl, admin: Admin):
    judge(admin, lambda index, _: refused(index, "too_large") if index == 1 else accepted(index))
    result = ctl(*SEND, stdin=b"a\nb\nc\n")
    assert result.status == 8
    assert result.objects[1] == {
        "line": 2, "status": "refused", "error": {"code": "too_large", "message": "No.", "retryAfterSeconds": None},
    }  # fmt: skip
    assert "1 of 3 lines were refused" in result.err


def test_all_refused_alike_is_that_status(ctl: Ctl, admin: Admin):
    judge(admin, lambda index, _: refused(index, "invalid_data"))
    assert ctl(*SEND, stdin=b"a\nb\n").status == 2


def test_all_rate_limited_beyond_patience_is_9(ctl: Ctl, admin: Admin):
    judge(admin, lambda index, _: refused(index, "rate_limited", 60))
    assert ctl(*SEND, "--timeout", "1s", stdin=b"a\nb\n").status == 9


def test_a_line_that_is_put_off_is_sent_again(ctl: Ctl, admin: Admin):
    tries = itertools.count()
    seen = judge(admin, lambda index, _: refused(index, "queue_full", 0.01) if next(tries) == 0 else accepted(index))
    result = ctl(*SEND, stdin=b"a\n")
    assert result.status == 0
    assert seen == ['{"body": "a"}'] * 2
    assert [line["line"] for line in result.objects] == [1]


def test_a_line_that_is_not_utf8_is_refused_alone(ctl: Ctl, admin: Admin):
    judge(admin, lambda index, _: accepted(index))
    result = ctl(*SEND, stdin=b"a\n\xff\nb\n")
    assert result.status == 8
    assert sorted(line["line"] for line in result.objects if line["status"] == "accepted") == [1, 3]


def test_more_lines_than_the_window(ctl: Ctl, admin: Admin):
    judge(admin, lambda index, _: accepted(index))
    assert len(ctl(*SEND, "-q", stdin=b"x\n" * 1000).lines) == 1000


def test_no_more_than_the_window_is_in_flight(ctl: Ctl, admin: Admin):
    answered = threading.Event()
    taken: list[Any] = []

    def hold(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[pb.PublishResult]:
        taken.extend(itertools.islice(requests, 256))
        threading.Thread(target=lambda: (taken.append(next(requests, None)), answered.set())).start()
        assert not answered.wait(0.3)
        yield from map(accepted, range(256))
        answered.wait(5)
        yield accepted(256)

    admin.does("PublishStream", hold)
    assert ctl(*SEND, "-q", stdin=b"x\n" * 257).status == 0


def test_a_daemon_that_goes_away_leaves_lines_without_an_answer(ctl: Ctl, admin: Admin):
    def fail(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[pb.PublishResult]:
        next(requests)
        yield accepted(0)
        next(requests)
        context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    admin.does("PublishStream", fail)
    result = ctl(*SEND, stdin=b"a\nb\n")
    assert result.status == 8
    assert "1 were accepted" in result.err
    assert "Without an answer: line 2" in result.err


def test_a_daemon_that_falls_silent_times_out(ctl: Ctl, admin: Admin):
    def silent(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[pb.PublishResult]:
        next(requests)
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(10)
        yield from ()

    admin.does("PublishStream", silent)
    assert ctl(*SEND, "--timeout", "200ms", stdin=b"a\n").status == 7


def test_options_that_cannot_be_for_every_line(ctl: Ctl):
    assert ctl(*SEND, "message").status == 2
    assert ctl(*SEND, "--idempotency-key", "k").status == 2


def pipe(content: bytes) -> int:
    source, sink = os.pipe()
    os.write(sink, content)
    os.close(sink)
    return source


def test_lines_of_a_descriptor():
    source = pipe(b"one\r\n\n \ntwo")
    lines = Lines(source)
    assert [lines.next(1), lines.next(1), lines.next(1), lines.ended] == [b"one", b"two", None, True]
    os.close(source)


def test_no_line_in_time_is_none_and_not_the_end():
    source, sink = os.pipe()
    lines = Lines(source)
    assert (lines.next(0), lines.ended) == (None, False)
    os.write(sink, b"late\n")
    assert lines.next(1) == b"late"
    os.close(source)
    os.close(sink)


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("notifyctl.stdin.MOST_BYTES", 100)
    source = pipe(b"x" * 200)
    with pytest.raises(Refusal, match="longer than"):
        Lines(source).next(1)
    os.close(source)
