"""listen --exec and --forward-to: acks for what succeeded, refusals for what did not, and how the command ends."""

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.cli.listening.test_acking import Channel
from tests.cli.listening.test_listen import published
from tests.cli.scripted import Admin, Ctl


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)


class Refusing(Channel):
    """One that remembers what was refused too."""

    def __init__(self, admin: Admin) -> None:
        super().__init__(admin)
        self.refused: list[tuple[str, str]] = []
        self.news = Event()
        self.over = Event()

    def _ack(self, request: pb.AckDeliveriesRequest, context: grpc.ServicerContext) -> pb.AckDeliveriesResponse:
        if request.nack:
            self.refused += [(each, request.reason) for each in request.ids]
            self.news.set()
            return pb.AckDeliveriesResponse(acked=len(request.ids))
        return super()._ack(request, context)


@pytest.fixture
def channel(admin: Admin) -> Refusing:
    return Refusing(admin)


def exits(status: str) -> list[str]:
    """A command whose exit status is *status*, an expression in which `it` is the notification."""
    return ["--exec", f"{sys.executable} -c 'import json, sys; it = json.load(sys.stdin); sys.exit({status})'"]


def test_a_command_in_place_of_printing(ctl: Ctl, channel: Refusing):
    channel.sends(published(7), published(8))
    result = ctl("listen", "orders", "--exec", "cat", "-n", "2")
    assert (result.status, [each["id"] for each in result.objects]) == (0, ["n_7", "n_8"])
    assert result.err.splitlines()[-1] == "2 handled: 2 done, 0 failed."
    assert (channel.acked, channel.refused) == ([], [])


def test_exit_status_0_acks_and_any_other_refuses(ctl: Ctl, channel: Refusing):
    channel.sends(published(7), published(8))
    result = ctl("listen", "orders", "--durable", "worker", "-n", "2", *exits('it["offset"] == 7'))
    assert (channel.acked, channel.refused) == ([("c_1", "n_8")], [("n_7", "exit status 1")])
    assert result.status == 8
    assert "n_7: exit status 1; it is to come again.\n" in result.err
    assert result.err.splitlines()[-2:] == ["2 handled: 1 done, 1 failed.", "Error: 1 of 2 failed."]


def test_what_failed_is_done_again_when_it_comes_again(ctl: Ctl, admin: Admin, channel: Refusing):
    def listen(_: pb.ListenRequest, context: grpc.ServicerContext) -> Iterator[pb.ListenEvent]:
        yield pb.ListenEvent(subscribed=pb.Subscribed(channel="orders", connection_id="c_1"))
        yield published(7)
        yield published(7)  # while it is worked on it is no other
        channel.news.wait(10)
        again = published(7)
        again.publication.attempt = 2
        yield again
        channel.over.wait(10)

    admin.does("Listen", listen)
    result = ctl("listen", "orders", "--ack", "-n", "2", *exits('it["attempt"] == 1'))
    channel.over.set()
    assert (channel.acked, channel.refused, result.status) == ([("c_1", "n_7")], [("n_7", "exit status 1")], 8)


def test_only_as_many_are_asked_for_as_are_worked_on(ctl: Ctl, channel: Refusing):
    channel.sends(published(7))
    ctl("listen", "orders", "--ack", "-n", "1", "--exec", "true", "--concurrency", "3")
    assert channel.asked()[0].max_unacked == 3


def test_where_all_failed_it_failed(ctl: Ctl, channel: Refusing):
    channel.sends(published(7))
    result = ctl("listen", "orders", "-n", "1", *exits("3"), "-o", "json")
    assert result.status == 1
    *notes, error = map(json.loads, result.err.splitlines())
    assert {"n_7: exit status 3.", "1 handled: 0 done, 1 failed."} <= {note["note"] for note in notes}
    assert error["error"]["exitStatus"] == 1


def test_a_command_that_takes_too_long(ctl: Ctl, channel: Refusing):
    channel.sends(published(7))
    result = ctl("listen", "orders", "--ack", "-n", "1", "--exec", "sleep 60", "--exec-timeout", "100ms")
    assert (result.status, channel.refused[0][0]) == (1, "n_7")
    assert "which is all that --exec-timeout allows" in result.err


def test_too_few_in_time(ctl: Ctl, channel: Refusing):
    channel.sends(published(7))
    result = ctl("listen", "orders", "-n", "2", "--timeout", "2s", "--exec", "true")
    assert (result.status, "1 of 2 came" in result.err) == (7, True)


class Receiver(BaseHTTPRequestHandler):
    """Takes everything but offset 7."""

    heard: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.headers["Idempotency-Key"], self.headers["Authorization"], body["offset"]))
        self.send_response(400 if body["offset"] == 7 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_an_answer_2xx_acks(ctl: Ctl, channel: Refusing):
    heard: list[Any] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Receiver,), {"heard": heard})) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        channel.sends(published(7), published(8))
        (ctl.folder / "secret").write_text("s3cret")
        to = ["--forward-to", f"http://127.0.0.1:{server.server_port}", "--forward-token-file", f"{ctl.folder}/secret"]
        result = ctl("listen", "orders", "--ack", "-n", "2", *to)
        server.shutdown()
        thread.join()
    assert heard == [("n_7", "Bearer s3cret", 7), ("n_8", "Bearer s3cret", 8)]
    assert (channel.acked, channel.refused) == ([("c_1", "n_8")], [("n_7", "HTTP 400 Bad Request")])
    assert (result.status, result.out) == (8, "")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--exec", "cat", "--forward-to", "http://h/"], "not both"),
        (["--exec", "no-such-program-here"], "no program"),
        (["--exec", ""], "names no command"),
        (["--exec", "cat 'open"], "cannot be split"),
        (["--exec", "cat", "--exec-timeout", "0"], "more than nothing"),
        (["--concurrency", "2"], "about --exec"),
        (["--exec", "cat", "--concurrency", "0"], "not between"),
        (["--forward-to", "ftp://h/"], "begins with http"),
        (["--forward-to", "http://u:p@h/"], "use --forward-token-file"),
        (["--forward-to", "http://[::1"], "begins with http"),
        (["--forward-token-file", "f"], "goes with --forward-to"),
        (["--ca-file", "f"], "goes with --url"),
        (["--url", "ftp://h", "--key-file", "f"], "begins with ws://"),
        (["--url", "http://h", "--key-file", "f"], "a user's token is asked for"),
        (["--url", "http://h"], "goes with --key-file or --token-file"),
    ],
)
def test_what_does_not_fit_together(ctl: Ctl, admin: Admin, args: list[str], words: str):
    result = ctl("listen", "orders", *args)
    assert (result.status, words in result.err) == (2, True), result.err
    assert admin.requests == []


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [
        ("http://h/elsewhere", "e30.e30.x", "ends in /client-ID"),
        ("http://h/client-a/b", "e30.e30.x", "ends in /client-ID"),
        ("http://h", "e30.e30.x", "names no client"),
        ("http://h", "nonsense", "This is no token"),
    ],
)
def test_whose_namespace(ctl: Ctl, url: str, token: str, words: str):
    (ctl.folder / "token").write_text(token)
    result = ctl("listen", "--url", url, "--token-file", f"{ctl.folder}/token")
    assert (result.status, words in result.err) == (2, True), result.err
