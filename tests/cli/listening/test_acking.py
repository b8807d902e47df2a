"""listen --ack and --durable: acks for what was printed, and for nothing else."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import grpc
import pytest

from notifyctl.daemons.calling import Daemon
from notifyctl.listening.acking import Acker, Handled
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import StreamPosition
from tests.cli import samples
from tests.cli.listening.test_listen import inbox, published
from tests.cli.scripted import Admin, Ctl


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)


class Channel:
    """A daemon's side of listening with acks: rounds of what is sent, and the acks that came."""

    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        self.acked: list[tuple[str, str]] = []
        self.refusals = 0
        self._rounds: list[list[pb.ListenEvent]] = []
        admin.does("Listen", self._listen)
        admin.does("AckDeliveries", self._ack)

    def sends(self, *events: pb.ListenEvent) -> None:
        """What one call is sent; the next call gets the next round."""
        self._rounds.append(list(events))

    def asked(self) -> list[pb.ListenRequest]:
        return [request for request in self.admin.requests if isinstance(request, pb.ListenRequest)]

    def _listen(self, _: pb.ListenRequest, context: grpc.ServicerContext) -> Iterator[pb.ListenEvent]:
        if not self._rounds:
            over = threading.Event()
            context.add_callback(over.set)
            over.wait(10)
            return
        name = f"c_{len(self.asked())}"
        position = StreamPosition(epoch="e1", offset=6)
        yield pb.ListenEvent(subscribed=pb.Subscribed(channel="orders", position=position, connection_id=name))
        events = self._rounds.pop(0)
        yield from events
        context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    def _ack(self, request: pb.AckDeliveriesRequest, context: grpc.ServicerContext) -> pb.AckDeliveriesResponse:
        if self.refusals:
            self.refusals -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        self.acked += [(request.connection_id, each) for each in request.ids]
        return pb.AckDeliveriesResponse(acked=len(request.ids))


@pytest.fixture
def channel(admin: Admin) -> Channel:
    return Channel(admin)


def test_each_is_acked_on_the_connection_that_it_came_from(ctl: Ctl, channel: Channel):
    channel.sends(published(7), published(8))
    assert ctl("listen", "orders", "--ack", "-n", "2", "-q").out == "n_7\nn_8\n"
    assert channel.acked == [("c_1", "n_7"), ("c_1", "n_8")]
    assert (channel.asked()[0].ack, channel.asked()[0].durable) == (True, "")


def test_a_name_means_acks(ctl: Ctl, channel: Channel):
    channel.sends(published(7))
    ctl("listen", "orders", "--durable", "worker", "-n", "1")
    assert (channel.asked()[0].ack, channel.asked()[0].durable) == (True, "worker")


def test_without_the_option_nothing_is_acked(ctl: Ctl, channel: Channel):
    channel.sends(published(7))
    ctl("listen", "orders", "-n", "1")
    assert (channel.asked()[0].ack, channel.acked) == (False, [])


def test_an_inbox_is_acked_in_the_place_of_its_user(ctl: Ctl, channel: Channel):
    channel.sends(inbox(1), published(7))
    channel.sends(inbox(1), inbox(2))
    assert ctl("listen", "orders", "--user", "alice", "--ack", "-n", "3", "-q").out == "u_1\nn_7\nu_2\n"
    # what was printed as the link ended is acked on the next one
    assert {each for _, each in channel.acked} == {"u_1", "n_7", "u_2"}
    assert ("c_2", "u_2") in channel.acked
    assert channel.asked()[0].ack_inbox


def test_broadcasts_are_not_acked(ctl: Ctl, channel: Channel):
    announcement = published(7)
    announcement.publication.ClearField("position")
    channel.sends(announcement, published(8))
    assert ctl("listen", "orders", "--broadcasts", "--ack", "-n", "2", "-q").status == 0
    assert channel.acked == [("c_1", "n_8")]


def test_an_ack_that_was_lost_is_said_again_and_nothing_is_printed_twice(ctl: Ctl, channel: Channel):
    channel.refusals = 1
    channel.sends(published(7))
    channel.sends(published(7), published(8))
    assert ctl("listen", "orders", "--durable", "worker", "-n", "2", "-q").out == "n_7\nn_8\n"
    assert sorted({each for _, each in channel.acked}) == ["n_7", "n_8"]


def test_after_a_drop_it_resumes_behind_what_was_printed(ctl: Ctl, channel: Channel):
    channel.sends(published(7), published(8))
    channel.sends(published(9))
    assert ctl("listen", "orders", "--ack", "-n", "3", "-q").lines == ["n_7", "n_8", "n_9"]
    assert channel.asked()[1].channels[0].since == StreamPosition(epoch="e1", offset=8)


def test_an_attempt_is_told(ctl: Ctl, channel: Channel):
    event = published(7)
    event.publication.attempt = 3
    channel.sends(event)
    assert ctl("listen", "orders", "--durable", "worker", "-n", "1").objects[0]["attempt"] == 3


def test_acks_that_never_arrive_are_told_at_the_end(ctl: Ctl, channel: Channel):
    channel.refusals = 100
    channel.sends(published(7))
    result = ctl("listen", "orders", "--durable", "worker", "-n", "1", "-q")
    assert (result.status, result.out) == (0, "n_7\n")
    assert "1 is done and not acked" in result.err


def test_refused_acks_are_told_with_the_reason(ctl: Ctl, admin: Admin, channel: Channel):
    admin.refuses("AckDeliveries", grpc.StatusCode.INVALID_ARGUMENT, "no such thing")
    channel.sends(published(7))
    assert "Acks were refused: no such thing" in ctl("listen", "orders", "--ack", "-n", "1").err


def test_what_comes_fast_is_acked_in_few_calls(admin: Admin, channel: Channel):
    acker = Acker(Daemon(str(admin.socket), 10.0), print, durable=True)
    for number in range(3000):
        acker.settled({"id": f"n_{number}", "channel": "c", "epoch": "e1", "offset": number})
    acker.close()
    assert len(channel.acked) == 3000
    assert len(admin.requests) < 300


def tried(name: str, attempt: int = 1) -> dict[str, object]:
    return {"id": name, "attempt": attempt}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.listening.acking._MOST_REMEMBERED", 2)
    handled = Handled()
    for name in "abc":
        handled.add(name)
    assert [handled.before(tried(name)) for name in "abc"] == [False, True, True]
    handled.acked("abcd")
    assert handled.unanswered == 0
    assert [handled.before(tried(name, 2)) for name in "abcd"] == [False, False, True, True]


def test_a_redelivery_of_what_was_acked_late_is_not_printed_again_but_a_new_dispatch_is():
    handled = Handled()
    handled.add("a")
    handled.acked(["a"])
    assert (handled.before(tried("a", 2)), handled.before(tried("a"))) == (True, False)


def test_a_slow_reader_gets_each_once(ctl: Ctl, channel: Channel):
    again = published(7)
    again.publication.attempt = 2
    channel.sends(published(7), again, published(8))
    assert ctl("listen", "orders", "--durable", "worker", "-n", "2", "-q").out == "n_7\nn_8\n"


def test_what_a_gone_reader_never_got_is_not_acked(admin: Admin, channel: Channel):
    channel.sends(*(published(offset) for offset in range(7, 200)))
    environment = {**os.environ, "NOTIFYCTL_SOCKET": str(admin.socket)}
    command = [sys.executable, "-m", "notifyctl", "listen", "orders", "--durable", "worker", "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        process.stdout.close()
        err = process.stderr.read()
        process.wait(20)
    assert (process.returncode, err, channel.acked) == (0, b"", [])


@pytest.mark.parametrize(
    "args",
    [
        ["--broadcasts", "--ack"],
        ["--broadcasts", "--durable", "worker"],
        ["--url", "ws://127.0.0.1:1", "--token-file", "t", "--durable", "worker"],
    ],
    ids=" ".join,
)
def test_acks_are_about_channels(ctl: Ctl, args: list[str]):
    assert ctl("listen", *args).status == 2


def test_hostile_names_stay_data(ctl: Ctl, channel: Channel):
    event = published(7)
    event.publication.id = samples.HOSTILE
    channel.sends(event)
    assert ctl("listen", "orders", "--ack", "-n", "1").objects[0]["id"] == samples.HOSTILE
    assert channel.acked == [("c_1", samples.HOSTILE)]
