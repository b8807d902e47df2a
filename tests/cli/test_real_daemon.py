"""Every command against the daemon itself."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.real import Listener, RealDaemon
from tests.cli.scripted import Ctl


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = RealDaemon(folder)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def real(lonely: Ctl, daemon: RealDaemon, monkeypatch: pytest.MonkeyPatch) -> Ctl:
    monkeypatch.setenv("NOTIFYCTL_SOCKET", str(daemon.socket))
    return lonely


@pytest.fixture
def key_file(real: Ctl, tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(real("keys", "create", "--name", "listener", "-q").out)
    return str(path)


names = itertools.count()


@pytest.fixture
def channel() -> str:
    return f"channel-{next(names)}"


@pytest.fixture
def subscribed(real: Ctl, channel: str) -> Callable[[int], None]:
    """Wait until so many connections subscribed to *channel*."""

    def wait(count: int) -> None:
        while len(real("connections", "list", "--channel", channel, "-q").lines) != count:
            pass

    return wait


READS = [
    ["status"], ["wait", "ready"], ["keys", "list"], ["queue", "stats"], ["queue", "list"], ["channels", "list"],
    ["connections", "list"], ["logs", "tail"], ["stats"], ["tokens", "admin"],
    ["config", "show", "--running", "--origin"], ["config", "reload"],
]  # fmt: skip


@pytest.mark.parametrize("form", ["table", "plain", "json", "ndjson"])
@pytest.mark.parametrize("args", READS, ids=" ".join)
def test_reading_commands_work_in_every_format(real: Ctl, args: list[str], form: str):
    result = real(*args, "-o", form)
    assert (result.status, result.err) == (0, "")


def test_the_life_of_a_key(real: Ctl):
    issued = real("keys", "create", "--name", "shop", "--expires-in", "90d", "--scope", "publish:*", "-o", "json").json
    assert real("keys", "show", issued["id"], "-o", "json").json["scopes"] == ["publish:*"]
    rotated = real("keys", "rotate", issued["id"], "--overlap", "1h", "-q").out.strip()
    assert rotated not in ("", issued["key"])
    assert real("keys", "revoke", issued["id"], "--yes").status == 0
    assert issued["id"] not in real("keys", "list", "-q").lines
    assert issued["id"] in real("keys", "list", "--all", "-q").lines


def test_a_key_that_is_not_there(real: Ctl):
    assert real("keys", "show", "nobody").status == 3


@pytest.mark.parametrize(
    "args",
    [
        ["keys", "create", "--name", "x", "--scope", "nonsense"],
        ["keys", "create", "--name", "x", "--cidr", "nonsense"],
        ["send", "--channel", "c" * 10_000, "hello"],
        ["logs", "tail", "--grep", "("],
        ["channels", "history", ""],
    ],
)
def test_what_the_daemon_calls_invalid_is_usage(real: Ctl, args: list[str]):
    assert real(*args).status == 2


def test_sent_and_kept(real: Ctl, channel: str):
    sent = real("send", "--channel", channel, "--data", '{\n"a": [1,\n 2]}', "-q").out.strip()
    (kept,) = real("channels", "history", channel, "-o", "ndjson").objects
    assert (kept["id"], kept["data"], kept["offset"]) == (sent, {"a": [1, 2]}, 1)
    receipt = real("notifications", "show", sent, "-o", "json").json
    assert (receipt["state"], receipt["position"]["offset"]) == ("dispatched", 1)


def test_the_same_idempotency_key_is_the_same_notification(real: Ctl, channel: str):
    send = ("send", "--channel", channel, "hello", "--idempotency-key", channel, "-o", "json")
    first, second = real(*send).json, real(*send).json
    assert (second["notificationId"], second["duplicate"]) == (first["notificationId"], True)
    assert real("send", "--channel", channel, "other", "--idempotency-key", channel).status == 5


def test_lines_arrive_in_order(real: Ctl, channel: str):
    result = real("send", "--channel", channel, "--lines", "-q", stdin=b"".join(b"%d\n" % n for n in range(500)))
    assert result.status == 0
    kept = real("channels", "history", channel, "-o", "ndjson", "--limit", "1000").objects
    assert [each["id"] for each in kept] == result.lines
    assert [each["data"]["body"] for each in kept] == [str(n) for n in range(500)]


def test_a_scheduled_one_is_withdrawn_once(real: Ctl, channel: str):
    waiting = real("send", "--channel", channel, "--delay", "1h", "later", "-q").out.strip()
    assert waiting in real("queue", "list", "-q").lines
    assert real("notifications", "cancel", waiting, "-o", "json").json["state"] == "cancelled"
    assert real("notifications", "cancel", waiting).status == 5
    assert real("notifications", "cancel", "nothing").status == 3


def test_a_paused_queue_is_kept_and_cleared(real: Ctl, channel: str):
    assert real("queue", "pause", "-o", "json").json["paused"] is True
    try:
        sent = real("send", "--channel", channel, "held", "-q").out.strip()
        assert sent in real("queue", "list", "-q").lines
        assert real("queue", "clear", "--yes", "-o", "json").json["cleared"] >= 1
        assert real("notifications", "show", sent, "-o", "json").json["state"] == "cleared"
    finally:
        assert real("queue", "resume", "-o", "json").json["paused"] is False


def test_watching_in_a_pipe(daemon: RealDaemon):
    import subprocess
    import sys

    from tests.cli.real import environment

    command = [sys.executable, "-m", "notifyctl", "stats", "--watch", "--interval", "100ms"]
    with subprocess.Popen(command, env=environment(daemon.folder), stdout=subprocess.PIPE) as watching:
        first, second = (json.loads(watching.stdout.readline()) for _ in range(2))
        watching.terminate()
    assert second["uptimeSeconds"] > first["uptimeSeconds"]


def test_live_ids_complete(real: Ctl, channel: str, monkeypatch: pytest.MonkeyPatch, capfd):
    real("send", "--channel", channel, "hello")
    monkeypatch.setenv("COMP_WORDS", f"notifyctl\nchannels\nshow\n{channel}")
    monkeypatch.setenv("COMP_CWORD", "3")
    monkeypatch.setenv("_NOTIFYCTL_COMPLETE", "complete_bash")
    with pytest.raises(SystemExit):
        real()
    assert channel in capfd.readouterr().out.split()


@pytest.mark.parametrize("way", ["admin socket", "websocket"])
def test_listening(daemon: RealDaemon, real: Ctl, channel: str, key_file: str, subscribed, way: str):
    over = ["--url", daemon.url, "--key-file", key_file] if way == "websocket" else []
    with Listener(daemon, channel, "-n", "2", *over) as listener:
        subscribed(1)
        sent = real("send", "--channel", channel, "--metadata", '{"m":1}', "--lines", "-q", stdin=b"a\nb\n").lines
        got = [listener.next(), listener.next()]
        assert listener.status() == 0
    assert [each["id"] for each in got] == sent
    assert [each["offset"] for each in got] == [1, 2]
    assert got == real("channels", "history", channel, "-o", "ndjson").objects


def test_listening_from_the_beginning(real: Ctl, channel: str):
    real("send", "--channel", channel, "--lines", stdin=b"a\nb\n")
    result = real("listen", channel, "--since", "beginning", "-n", "2")
    assert [each["offset"] for each in result.objects] == [1, 2]


def test_listening_to_broadcasts(daemon: RealDaemon, real: Ctl):
    with Listener(daemon, "--broadcasts", "-n", "1") as listener:
        while not real("connections", "list", "-q").lines:
            pass
        real("send", "--broadcast", "--label", "news", "hello")
        got = listener.next()
    assert (got["channel"], got["data"], got["offset"]) == ("news", {"body": "hello"}, None)


@pytest.mark.parametrize("way", ["admin socket", "websocket"])
def test_a_kick_ends_a_listener(daemon: RealDaemon, real: Ctl, channel: str, key_file: str, subscribed, way: str):
    over = ["--url", daemon.url, "--key-file", key_file] if way == "websocket" else []
    with Listener(daemon, channel, *over) as listener:
        subscribed(1)
        (connection,) = real("connections", "list", "--channel", channel, "-q").lines
        assert real("connections", "kick", connection, "--reason", "enough", "--yes").status == 0
        assert listener.status() == 4


def test_a_revoked_key_ends_a_subscriber(daemon: RealDaemon, real: Ctl, channel: str, key_file: str, subscribed):
    with Listener(daemon, channel, "--url", daemon.url, "--key-file", key_file) as listener:
        subscribed(1)
        key = real("connections", "list", "--channel", channel, "-o", "json").json[0]["keyId"]
        real("keys", "revoke", key, "--yes")
        assert listener.status() == 4


def test_a_wrong_key_is_denied(daemon: RealDaemon, real: Ctl, tmp_path: Path):
    (tmp_path / "key").write_text("wrong")
    result = real("listen", "c", "--url", daemon.url, "--key-file", str(tmp_path / "key"))
    assert result.status == 4


def test_a_channel_beyond_the_scopes_is_denied(daemon: RealDaemon, real: Ctl, tmp_path: Path):
    narrow = real("keys", "create", "--name", "narrow", "--scope", "subscribe:a", "-q").out
    (tmp_path / "key").write_text(narrow)
    result = real("listen", "b", "--url", daemon.url, "--key-file", str(tmp_path / "key"), "-o", "json")
    assert (result.status, result.error["code"]) == (4, "scope_missing")


def test_a_second_daemon_is_a_conflict(daemon: RealDaemon):
    second = RealDaemon(daemon.folder)
    second.ctl(
        "serve", "--port", "0", "--ws-port", "0", "--grpc-port", "0", "--state-dir", str(daemon.folder / "state"),
        "-S", f"server.admin_socket={daemon.folder}/b.sock", status=5,
    )  # fmt: skip


def test_a_wrong_setting_is_usage(daemon: RealDaemon):
    daemon.ctl("serve", "--port", "eighty", status=2)
