"""Acks, dead letters and waits against the daemon itself."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import admin_pb2_grpc
from tests.cli.real import LONGEST_SECONDS, Listener, RealDaemon
from tests.cli.scripted import Ctl

QUICK = ("subscriptions.ack_seconds=0.2", "delivery.retry_attempts=1", "delivery.retry_delay_seconds=0.05")


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = RealDaemon(folder)
    running.start(*itertools.chain.from_iterable(("-S", setting) for setting in QUICK))
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def real(lonely: Ctl, daemon: RealDaemon, monkeypatch: pytest.MonkeyPatch) -> Ctl:
    monkeypatch.setenv("NOTIFYCTL_SOCKET", str(daemon.socket))
    return lonely


names = itertools.count()


@pytest.fixture
def channel() -> str:
    return f"channel-{next(names)}"


@pytest.fixture
def refusing(daemon: RealDaemon, channel: str) -> Iterator[Callable[[], None]]:
    """A durable subscription `deaf` that refuses the next delivery."""
    with grpc.insecure_channel(f"unix:{daemon.socket}") as link:
        admin: Any = admin_pb2_grpc.AdminServiceStub(link)
        wish = pb.ListenRequest(channels=[pb.ChannelSince(channel=channel)], ack=True, durable="deaf")
        call = admin.Listen(wish, timeout=LONGEST_SECONDS)
        connection_id = next(call).subscribed.connection_id

        def refuse() -> None:
            came = next(call).publication
            refusal = pb.AckDeliveriesRequest(
                connection_id=connection_id, ids=[came.id], nack=True, reason="cannot read it"
            )
            assert admin.AckDeliveries(refusal).acked == 1

        yield refuse
        call.cancel()


@pytest.fixture
def dead(real: Ctl, channel: str, refusing: Callable[[], None]) -> str:
    """The id of a dead letter of *channel*."""
    assert real("send", "--channel", channel, "hello").status == 0
    refusing()
    while not (found := real("dead-letters", "list", "--channel", channel, "-q").lines):
        pass
    return found[0]


def test_a_dead_letter_tells_its_story(real: Ctl, channel: str, dead: str):
    letter = real("dead-letters", "show", dead, "-o", "json").json
    assert (letter["reason"], letter["error"], letter["durable"]) == ("nacked", "cannot read it", "deaf")
    assert letter["data"] == {"body": "hello"}
    events = [event["event"] for event in letter["timeline"]]
    assert events[:2] == ["accepted", "dispatched"]
    assert events[-1] == "dead"
    receipt = real("notifications", "show", letter["notificationId"], "-o", "json").json
    assert [event["event"] for event in receipt["timeline"]] == events
    (exported,) = real("dead-letters", "export", "--channel", channel).objects
    assert exported["data"] == {"body": "hello"}


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--stage", "subscription", "--reason", "nacked"], 1), (["--since", "1h"], 1), (["--until", "1h"], 0),
        (["--stage", "push"], 0), (["--reason", "ack_timeout"], 0), (["--client", "default"], 1),
        (["--user", "nobody"], 0),
    ],
    ids=str,
)  # fmt: skip
def test_filters(real: Ctl, channel: str, dead: str, options: list[str], count: int):
    assert len(real("dead-letters", "list", "--channel", channel, *options, "-q").lines) == count


def test_a_retry_reaches_the_subscription_again(real: Ctl, channel: str, dead: str):
    assert real("dead-letters", "list", "--channel", channel).out.startswith(dead)
    piped = real("dead-letters", "list", "--channel", channel).out.encode()
    assert real("dead-letters", "retry", "-", "-q", stdin=piped).lines == [dead.partition(".")[0]]
    again = real("listen", channel, "--durable", "deaf", "-n", "1", "--timeout", "60s")
    assert again.objects[0]["data"] == {"body": "hello"}
    assert real("dead-letters", "retry", dead).status == 3


def test_a_drop_is_for_good(real: Ctl, channel: str, dead: str):
    assert real("dead-letters", "drop", "--channel", channel, "--yes", "-q").out == f"{dead}\n"
    assert real("dead-letters", "drop", dead, "--yes").status == 3
    assert real("dead-letters", "drop", "--channel", channel, "--yes").status == 0


def test_what_is_listed_behind_another(real: Ctl, channel: str, dead: str, refusing: Callable[[], None]):
    assert real("send", "--channel", channel, "again").status == 0
    refusing()
    while len(ids := real("dead-letters", "list", "--channel", channel, "-q").lines) < 2:
        pass
    assert ids[1] == dead
    assert real("dead-letters", "list", "--channel", channel, "--after", ids[0], "-q").lines == [dead]
    first = real("dead-letters", "list", "--channel", channel, "-n", "1")
    assert "1 of 2" in first.err


def test_waiting(real: Ctl, channel: str):
    sent = real("send", "--channel", channel, "hello", "--wait", "-o", "json")
    assert (sent.status, sent.json["state"]) == (0, "dispatched")
    assert real("notifications", "wait", sent.json["id"], "--until", "acked", "--timeout", "50ms").status == 7
    assert real("notifications", "wait", "01890000-0000-7000-8000-000000000000").status == 3
    assert real("send", "--channel", channel, "hello", "--delay", "1h", "--wait", "--wait-timeout", "50ms").status == 7
    late = real("send", "--channel", channel, "hello", "--delay", "1h", "-q").out.strip()
    assert real("notifications", "cancel", late).status == 0
    withdrawn = real("notifications", "wait", late)
    assert (withdrawn.status, "it is cancelled" in withdrawn.err) == (1, True)


def test_waiting_for_users(real: Ctl):
    users = ("--user", "alice", "--user", "bob")
    result = real("send", *users, "hello", "--wait-ack", "--wait-timeout", "50ms")
    assert (result.status, "0 of 2 acked" in result.err) == (7, True)


def test_who_is_in_a_channel(daemon: RealDaemon, real: Ctl, channel: str, tmp_path: Path):
    key = json.loads(real("keys", "create", "--name", "listener", "-o", "json").out)["key"]
    (tmp_path / "key").write_text(key)
    place = ("--url", daemon.url, "--key-file", str(tmp_path / "key"))
    with Listener(daemon, channel, *place, "--durable", "worker") as listener:
        assert real("send", "--channel", channel, "early").status == 0
        while not (live := real("connections", "list", "--channel", channel, "-q").lines):
            pass
        presence = real("channels", "presence", channel, "-o", "json").json
        assert [member["connectionIds"] for member in presence["members"]] == [live]
        assert real("send", "--channel", channel, "hello", "--wait-ack").status == 0
        while listener.next()["data"] != {"body": "hello"}:
            pass
        (worker,) = [each for each in real("subscriptions", "list", "-o", "json").json if each["channel"] == channel]
        assert (worker["name"], worker["pending"], worker["connections"]) == ("worker", 0, 1)
    assert real("subscriptions", "remove", channel, "worker", "--yes", "-q").out == "worker\n"
    assert real("subscriptions", "remove", channel, "worker", "--yes").status == 3


def test_lists_that_are_empty(real: Ctl):
    assert real("connections", "list", "--slow").status == 0
    for noun in ("connections", "users", "subscriptions", "dead-letters"):
        assert real(noun, "list", "--client", "nope").status == 3


def test_webhooks_where_there_are_none(real: Ctl):
    assert real("webhooks", "list", "-o", "json").json == []
    assert real("webhooks", "test", "nope").status == 3
    assert real("webhooks", "secret", "nope").status == 3
