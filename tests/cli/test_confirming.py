"""Destructive commands ask a person, on a terminal of their own."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.scripted import Admin, Ctl


def on_a_terminal(
    admin: Admin, typed: bytes | signal.Signals, *args: str, longest_seconds: float = 20.0
) -> tuple[int, str]:
    """Run a command on a pseudo-terminal where *typed* is the answer to its question; its status and what it showed."""
    deadline = time.monotonic() + longest_seconds
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NOTIFYCTL_SOCKET": str(admin.socket), "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "notifyctl", *args]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := read(ours, deadline):
                shown += chunk
                if shown.endswith(b"[y/N] ") and isinstance(typed, signal.Signals):
                    interrupt(process, typed, ours, deadline)
                elif shown.endswith(b"[y/N] "):
                    os.write(ours, typed)
            process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            process.kill()  # nothing where it has ended
            os.close(ours)
    return process.returncode, shown.decode()


def interrupt(process: subprocess.Popen[bytes], sent: signal.Signals, ours: int, deadline: float) -> None:
    """Send a signal until it tells: one that comes just before the child begins to read does not wake it."""
    while time.monotonic() < deadline and not select.select([ours], [], [], 0.2)[0]:
        process.send_signal(sent)


def read(descriptor: int, deadline: float) -> bytes:
    seconds = deadline - time.monotonic()
    ready = seconds > 0 and select.select([descriptor], [], [], seconds)[0]
    assert ready, "it did not end in time"
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux says EIO where the other side of a terminal is closed
        return b""


@pytest.fixture(autouse=True)
def _queue(admin: Admin):
    admin.answers("ClearQueue", pb.ClearQueueResponse(cleared=3))
    admin.answers("GetStatus", samples.status())


def test_yes_goes_on(admin: Admin):
    status, shown = on_a_terminal(admin, b"y\n", "queue", "clear")
    assert status == 0
    assert "[y/N]" in shown
    assert "Cleared" in shown


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"yep\n"])
def test_anything_else_does_nothing(admin: Admin, answer: bytes):
    status, shown = on_a_terminal(admin, answer, "queue", "clear")
    assert status == 1
    assert "Nothing was done" in shown
    assert not admin.requests


def test_ctrl_c_at_the_question_is_130(admin: Admin):
    status, _ = on_a_terminal(admin, signal.SIGINT, "queue", "clear")
    assert status == 130
    assert not admin.requests


def test_yes_in_the_environment(ctl: Ctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYCTL_YES", "1")
    assert ctl("queue", "clear").out == "cleared\t3\n"


def test_yes_on_the_command_line(ctl: Ctl):
    assert ctl("queue", "clear", "--yes", "-o", "json").json == {"cleared": 3}


def test_a_terminal_gets_a_table(admin: Admin):
    _, shown = on_a_terminal(admin, b"", "status")
    assert "Up for" in shown
    assert "\x1b[" in shown


def test_no_color_leaves_no_colour(admin: Admin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    _, shown = on_a_terminal(admin, b"", "status")
    assert "\x1b[32m" not in shown


def test_a_child_that_does_not_end_is_no_hang(admin: Admin):
    admin.does("TailLogs", lambda _request, context: iter(lambda: time.sleep(0.05) or pb.LogRecord(), None))
    with pytest.raises(AssertionError, match="did not end"):
        on_a_terminal(admin, b"", "logs", "tail", "-f", longest_seconds=0.5)


def test_who_is_to_drain_a_node_is_told_what_goes_and_what_stays(admin: Admin):
    states = {"one": "ready", "two": "ready", "three": "draining"}
    nodes = [pb.Node(id=f"{name}-1", name=name, state=state, connections=3) for name, state in states.items()]
    admin.answers("ListNodes", pb.ListNodesResponse(nodes=nodes))
    status, shown = on_a_terminal(admin, b"n\n", "cluster", "drain", "two-1")
    assert "Draining and stopping the node two-1 with 3 connection(s), which leaves 1 node(s) that are ready?" in shown
    assert (status, admin.requests) == (1, [pb.ListNodesRequest()])
