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
    ["connections", "list"], ["clients", "list"], ["clients", "show", "default"], ["devices", "list"],
    ["users", "list"], ["dead-letters", "list"], ["dead-letters", "export"], ["subscriptions", "list"],
    ["webhooks", "list"], ["connections", "list", "--slow"],
    ["logs", "tail"], ["stats"], ["tokens", "admin"],
    ["config", "show", "--running", "--origin"], ["config", "reload"], ["doctor"],
]  # fmt: skip

REST = ("plain", "ndjson")


# what each format looks like: test_golden.py
@pytest.mark.parametrize("form", ["table", "json", *[pytest.param(form, marks=pytest.mark.slow) for form in REST]])
@pytest.mark.parametrize("args", READS, ids=" ".join)
def test_reading_commands_work_in_every_format(real: Ctl, args: list[str], form: str):
    result = real(*args, "-o", form)
    assert result.err == ""
    # what is wrong with a machine that stands still is told rightly
    assert result.status in ((0, 1) if args == ["doctor"] else (0,))


def test_a_daemon_with_a_local_broker_is_the_only_node(real: Ctl):
    result = real("cluster", "list", "--rates", "-o", "json")
    (node,) = result.json
    assert (node["self"], node["state"], node["rateSeconds"] >= 1) == (True, "ready", True)
    assert "alone" in result.err
    refused = real("cluster", "drain", "nobody", "--yes")
    assert (refused.status, node["id"] in refused.err) == (3, True)


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


@pytest.fixture
def client(real: Ctl, tmp_path: Path) -> str:
    """The id of a client of the test's own."""
    return real("clients", "register", "--name", "shop", "--secret-out", str(tmp_path / "secret"), "-q").out.strip()


@pytest.fixture
def token(real: Ctl, client: str) -> bytes:
    """Alice's token."""
    return real("tokens", "mint", "--client", client, "--user", "alice", "--channel", "orders.*").out.encode()


def test_the_life_of_a_client(real: Ctl, tmp_path: Path):
    made = real(
        "clients", "register", "--name", "shop", "--url", "https://shop.example", "--cookie-name", "sid", "-o", "json"
    ).json
    assert len(made["secret"]) >= 32
    shown = real("clients", "show", made["id"], "-o", "json").json
    assert (shown["name"], shown["url"], shown["cookieName"]) == ("shop", "https://shop.example", "sid")
    assert made["id"] in real("clients", "list", "-q").lines
    assert real("keys", "create", "--name", "k", "--client", made["id"], "-q").status == 0
    assert real("clients", "remove", made["id"], "--yes").status == 0
    assert real("clients", "show", made["id"]).status == 3
    assert not real("keys", "list", "--client", made["id"], "-q").lines


def test_a_form_with_several_problems(real: Ctl):
    result = real(
        "clients", "register", "--name", " ", "--url", "ftp://x", "--cookie-name", "a b", "--secret-file", "-",
        stdin=b"short",
    )  # fmt: skip
    assert result.status == 2
    named = ["Error: --name", "--url", "--cookie-name", "the secret"]
    assert [line for line, name in zip(result.err.splitlines(), named, strict=True) if line.startswith(name)]


def test_a_short_secret_is_warned_of(real: Ctl):
    result = real("clients", "register", "--name", "s", "--secret-file", "-", "-q", stdin=b"eight888")
    assert (result.status, "Warning: " in result.err, "eight888" in result.err) == (0, True, False)


def test_the_client_default_stays(real: Ctl):
    assert real("clients", "remove", "default", "--yes").status == 5


def test_a_token_is_verified(real: Ctl, client: str, token: bytes):
    verified = real("tokens", "verify", "-o", "json", stdin=token).json
    assert (verified["clientId"], verified["userId"], verified["channels"]) == (client, "alice", ["orders.*"])
    inspected = real("tokens", "inspect", "-o", "json", stdin=token)
    assert (inspected.json["expiresAt"], inspected.json["userId"]) == (verified["expiresAt"], "alice")
    assert "Warning" not in inspected.err


def test_a_token_of_another_client_is_denied_with_the_reason(real: Ctl, token: bytes):
    result = real("tokens", "verify", "--client", "default", "-o", "json", stdin=token)
    assert (result.status, result.error["code"]) == (4, "token_wrong_client")


def test_a_forged_token_is_denied(real: Ctl, token: bytes):
    head, body, _ = token.strip().split(b".")
    result = real("tokens", "verify", "-o", "json", stdin=b".".join((head, body, b"A" * 43)))
    assert (result.status, result.error["code"]) == (4, "token_bad_signature")


def test_a_rotated_secret_overlaps(real: Ctl, client: str, token: bytes, tmp_path: Path):
    assert (
        real("clients", "rotate-secret", client, "--overlap", "1h", "--secret-out", str(tmp_path / "new")).status == 0
    )
    verified = real("tokens", "verify", "-o", "json", stdin=token)
    assert verified.json["previousSecret"] is True
    assert real("clients", "rotate-secret", client, "--overlap", "0", "-o", "json").json["secret"]
    assert real("tokens", "verify", stdin=token).status == 4


def test_the_life_of_a_device(real: Ctl, client: str):
    register = ("devices", "register", "--client", client, "--token-file", "-", "--user")
    device = real(*register, "alice", "-q", stdin=b"fcm-token-of-a-phone").out.strip()
    (listed,) = real("devices", "list", "--client", client, "-o", "json").json
    assert (listed["id"], listed["userId"]) == (device, "alice")
    assert "fcm-token-of-a-phone" not in listed["tokenHint"]
    assert real(*register, "bob", "-q", stdin=b"fcm-token-of-a-phone").status == 0
    assert not real("devices", "list", "--client", client, "--user", "alice", "-q").lines
    (moved,) = real("devices", "list", "--client", client, "--user", "bob", "-q").lines
    assert real("devices", "remove", moved, "--client", client, "--yes").status == 0
    assert real("devices", "remove", moved, "--client", client, "--yes").status == 3


def test_sent_to_users_and_looked_at(real: Ctl, client: str):
    sent = real("send", "--user", "alice", "--user", "bob", "--client", client, "hello", "-q").out.strip()
    (seen,) = real("listen", "--user", "alice", "--client", client, "-n", "1").objects
    assert (seen["id"], seen["userId"], seen["channel"], seen["data"]) == (sent, "alice", None, {"body": "hello"})
    receipt = real("notifications", "show", sent, "-o", "json").json
    assert [(user["userId"], user["state"]) for user in receipt["users"]] == [("alice", "stored"), ("bob", "stored")]
    inboxes = real("users", "list", "--client", client, "-o", "json").json
    assert [(inbox["userId"], inbox["undelivered"]) for inbox in inboxes] == [("alice", 1), ("bob", 1)]


@pytest.mark.slow  # test_listening and test_subscriber.py are the quick rounds
def test_listening_to_an_inbox_as_it_fills(daemon: RealDaemon, real: Ctl, client: str):
    with Listener(daemon, "--user", "alice", "--client", client, "-n", "2") as listener:
        first = real("send", "--user", "alice", "--client", client, "one", "-q").out.strip()
        assert listener.next()["id"] == first
        second = real("send", "--user", "alice", "--client", client, "two", "-q").out.strip()
        assert (listener.next()["id"], listener.status()) == (second, 0)


@pytest.mark.slow  # test_listening and test_subscriber.py are the quick rounds
def test_a_user_over_websocket_moves_the_cursor(
    daemon: RealDaemon, real: Ctl, client: str, token: bytes, tmp_path: Path
):
    (tmp_path / "token").write_bytes(token)
    sent = real("send", "--user", "alice", "--client", client, "hello", "-q").out.strip()
    with Listener(daemon, "--url", daemon.url, "--token-file", str(tmp_path / "token")) as listener:
        assert (listener.next()["id"], listener.process.poll()) == (sent, None)
        while real("notifications", "show", sent, "-o", "json").json["arrived"] != 1:
            pass
        (connection,) = real("connections", "list", "--user", "alice", "--client", client, "-q").lines
        kicked = real("connections", "kick", "--user", "alice", "--client", client, "--yes", "-q")
        assert (kicked.lines, listener.status()) == ([connection], 4)


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


@pytest.mark.slow  # test_listening and test_subscriber.py are the quick rounds
def test_listening_to_broadcasts(daemon: RealDaemon, real: Ctl):
    with Listener(daemon, "--broadcasts", "-n", "1") as listener:
        while not real("connections", "list", "-q").lines:
            pass
        real("send", "--broadcast", "--label", "news", "hello")
        got = listener.next()
    assert (got["channel"], got["data"], got["offset"]) == ("news", {"body": "hello"}, None)


@pytest.mark.slow  # test_listening and test_subscriber.py are the quick rounds
@pytest.mark.parametrize("way", ["admin socket", "websocket"])
def test_a_kick_ends_a_listener(daemon: RealDaemon, real: Ctl, channel: str, key_file: str, subscribed, way: str):
    over = ["--url", daemon.url, "--key-file", key_file] if way == "websocket" else []
    with Listener(daemon, channel, *over) as listener:
        subscribed(1)
        (connection,) = real("connections", "list", "--channel", channel, "-q").lines
        assert real("connections", "kick", connection, "--reason", "enough", "--yes").status == 0
        assert listener.status() == 4


@pytest.mark.slow  # test_listening and test_subscriber.py are the quick rounds
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


@pytest.mark.slow  # tests/app/machine/test_locks.py is the quick round
def test_a_second_daemon_is_a_conflict(daemon: RealDaemon):
    second = RealDaemon(daemon.folder)
    second.ctl(
        "serve", "--port", "0", "--ws-port", "0", "--grpc-port", "0", "--state-dir", str(daemon.folder / "state"),
        "-S", f"server.admin_socket={daemon.folder}/b.sock", status=5,
    )  # fmt: skip


def test_a_wrong_setting_is_usage(daemon: RealDaemon):
    daemon.ctl("serve", "--port", "eighty", status=2)
