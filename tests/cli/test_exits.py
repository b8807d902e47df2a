"""An exit status for every way a command can end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from notifyctl.exits import Status, status_of
from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl
from tests.docs.codes import error_codes

REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT: 2,
    grpc.StatusCode.NOT_FOUND: 3,
    grpc.StatusCode.PERMISSION_DENIED: 4,
    grpc.StatusCode.UNAUTHENTICATED: 4,
    grpc.StatusCode.ALREADY_EXISTS: 5,
    grpc.StatusCode.FAILED_PRECONDITION: 5,
    grpc.StatusCode.ABORTED: 5,
    grpc.StatusCode.UNAVAILABLE: 6,
    grpc.StatusCode.DEADLINE_EXCEEDED: 7,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 9,
    grpc.StatusCode.INTERNAL: 1,
}


@pytest.mark.parametrize(("status", "expected"), REFUSED.items(), ids=lambda value: str(value))
def test_what_the_daemon_refuses(ctl: Ctl, admin: Admin, status: grpc.StatusCode, expected: int):
    admin.refuses("GetKey", status, "It may not be.", notifyd_code="some_word")
    result = ctl("keys", "show", "key_1", "-o", "json")
    assert result.status == expected
    assert result.out == ""
    assert result.error["code"] == "some_word"


def test_0_ok(ctl: Ctl, admin: Admin):
    admin.answers("GetKey", samples.key())
    assert ctl("keys", "show", "key_1").status == 0


@pytest.mark.parametrize(
    "args",
    [
        ["keys", "show"],
        ["keys", "nonsense"],
        ["nonsense"],
        ["status", "--nonsense"],
        ["status", "-o", "yaml"],
        ["status", "--timeout", "soon"],
        ["send", "hello"],
        ["send", "--channel", "c", "--broadcast", "hello"],
        ["send", "--channel", "c", "--user", "u", "hello"],
        ["send", "--user", "u", "--broadcast", "hello"],
        ["send", "--channel", "c", "--data", "{"],
        ["send", "--channel", "c", "--priority", "11", "hello"],
        ["send", "--channel", "c", "--delay", "1s", "--at", "2026-01-01", "hello"],
        ["listen"],
        ["listen", "a", "b", "--since", "e:1"],
        ["listen", "a", "--url", "ws://127.0.0.1:1"],
        ["listen", "a", "--since", "e"],
        ["listen", "--user", "u", "--since", "beginning"],
        ["listen", "--user", "u", "--url", "ws://127.0.0.1:1", "--key-file", "k"],
        ["listen", "--url", "ws://127.0.0.1:1", "--key-file", "k", "--token-file", "t"],
        ["listen", "--token-file", "t"],
        ["listen", "a", "--ack", "--url", "ws://127.0.0.1:1"],
        ["dead-letters", "retry"],
        ["dead-letters", "retry", "--all"],
        ["dead-letters", "retry", "a", "--all", "--yes"],
        ["dead-letters", "drop", "a"],
        ["dead-letters", "list", "--stage", "nowhere"],
        ["dead-letters", "list", "--since", "soon"],
        ["subscriptions", "remove", "c", "worker"],
        ["notifications", "wait", "n_1", "--until", "read"],
        ["webhooks", "test"],
        ["connections", "kick"],
        ["connections", "kick", "--key", "k", "--user", "u", "--yes"],
        ["clients", "register"],
        ["clients", "register", "--name", "shop", "-q"],
        ["clients", "register", "--name", "shop", "--secret-file", "a", "--secret-out", "b"],
        ["clients", "rotate-secret", "c_shop", "-q"],
        ["clients", "remove", "c_shop"],
        ["devices", "register", "--user", "u"],
        ["devices", "remove", "d_1"],
        ["tokens", "mint"],
        ["tokens", "mint", "--user", "u", "--ttl", "long"],
        ["tokens", "inspect"],
        ["tokens", "verify"],
        ["queue", "clear"],
        ["keys", "revoke", "key_1"],
        ["drain"],
        ["completion", "show", "tcsh"],
    ],
)
def test_2_usage(ctl: Ctl, args: list[str]):
    result = ctl(*args, "-o", "json") if "-o" not in args else ctl(*args)
    assert result.status == 2
    assert result.out == ""
    assert len(result.err.splitlines()) == 1


def test_4_denied_when_the_socket_may_not_be_opened(lonely: Ctl, folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.socket.connect", refuse)
    result = lonely("status", "--socket", str(folder / "a.sock"))
    assert result.status == 4
    assert "a.sock" in result.err


def test_6_unreachable_names_what_was_tried(lonely: Ctl, folder: Path):
    result = lonely("status")
    assert result.status == 6
    for place in ("xdg_runtime_dir", "xdg_state_home"):
        assert str(folder / place / "notifyd/admin.sock") in result.err
    assert "notifyctl serve" in result.err


def test_7_timed_out(ctl: Ctl, admin: Admin):
    admin.does("GetStatus", lambda _, context: context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "late"))
    result = ctl("status", "--timeout", "150ms")
    assert result.status == 7
    assert "--timeout" in result.err


def test_8_partly_done(ctl: Ctl, admin: Admin):
    admin.answers("KickConnections", pb.KickConnectionsResponse(kicked=["a"], not_found=["b"]))
    assert ctl("connections", "kick", "a", "b", "--yes").status == 8


def test_3_when_nothing_of_it_was_there(ctl: Ctl, admin: Admin):
    admin.answers("KickConnections", pb.KickConnectionsResponse(not_found=["b"]))
    assert ctl("connections", "kick", "b", "--yes").status == 3


def test_a_node_that_did_not_answer_may_still_have_some(admin: Admin, ctl: Ctl):
    admin.answers("KickConnections", pb.KickConnectionsResponse(kicked=["a"], missing_nodes=["node-b"]))
    done = ctl("connections", "kick", "--user", "anna", "--yes")
    assert done.status == 8
    assert "node-b" in done.err


def test_9_rate_limited_tells_when_to_come_back(ctl: Ctl, admin: Admin):
    told = {"notifyd_code": "queue_full", "notifyd_retry_after": "1.5", "x_request_id": "r-1"}
    admin.refuses("Publish", grpc.StatusCode.RESOURCE_EXHAUSTED, "Full.", **told)
    result = ctl("send", "--channel", "c", "hello", "-o", "json")
    assert result.status == 9
    assert result.error == {
        "code": "queue_full", "message": "Full.", "exitStatus": 9, "retryAfterSeconds": 1.5, "requestId": "r-1",
    }  # fmt: skip


@pytest.fixture
def following(admin: Admin) -> subprocess.Popen[bytes]:
    def endless(_: object, context: grpc.ServicerContext) -> object:
        while context.is_active():
            yield pb.LogRecord(level="info", event="tick" * 1000)

    admin.does("TailLogs", endless)
    environment = {**os.environ, "NOTIFYCTL_SOCKET": str(admin.socket)}
    return subprocess.Popen(
        [sys.executable, "-m", "notifyctl", "logs", "tail", "-f"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def test_130_interrupted(following: subprocess.Popen[bytes]):
    with following:
        following.stdout.readline()
        following.send_signal(signal.SIGINT)
        _, err = following.communicate(timeout=10)
    assert following.returncode == 130
    assert err == b""


def test_a_reader_that_goes_is_no_error(following: subprocess.Popen[bytes]):
    with following:
        following.stdout.readline()
        following.stdout.close()
        err = following.stderr.read()
        following.wait(timeout=10)
    assert (following.returncode, err) == (0, b"")


KINDS = {
    400: Status.USAGE, 401: Status.DENIED, 403: Status.DENIED, 404: Status.NOT_FOUND, 405: Status.USAGE,
    409: Status.CONFLICT, 413: Status.USAGE, 415: Status.USAGE, 422: Status.CONFLICT, 429: Status.RATE_LIMITED,
    500: Status.FAILED, 503: Status.UNREACHABLE,
}  # fmt: skip


def test_every_word_of_the_daemon_has_the_status_of_its_kind():
    kinds = {code: {KINDS[status] for status in statuses} for code, statuses in error_codes().items() if statuses}
    at_the_start = {"store_damaged", "store_foreign", "store_too_new"}
    assert [code for code in sorted(kinds.keys() - at_the_start) if status_of(code) not in kinds[code]] == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("queue_full", Status.RATE_LIMITED),
        ("invalid_channel", Status.USAGE),
        ("invalid_api_key", Status.DENIED),
        ("invalid_token", Status.DENIED),
        ("token_wrong_client", Status.DENIED),
        ("client_not_found", Status.NOT_FOUND),
        ("never_heard_of", Status.FAILED),
    ],
)
def test_words_of_the_daemon(code: str, status: Status):
    assert status_of(code) is status
