"""`stats --watch` on a terminal of its own: what it shows, and how it leaves the terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest

from tests.cli.screen.test_looker import prepared
from tests.cli.scripted import Admin

pytestmark = pytest.mark.slow

LONGEST_SECONDS = 30.0
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Watched:
    """The command on a pseudo-terminal."""

    def __init__(self, admin: Admin, **environment: str) -> None:
        self.deadline = time.monotonic() + LONGEST_SECONDS
        self.ours, self.theirs = pty.openpty()
        self.before = termios.tcgetattr(self.theirs)
        self.size(80, 24)
        kept = {**os.environ, "NOTIFYCTL_SOCKET": str(admin.socket), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "notifyctl", "stats", "--watch", "--interval", "200ms"],
            stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, env=kept | environment,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.shown = ""

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def until(self, *words: str) -> str:
        """What it shows from now until it has shown one of *words*."""
        shown = ""
        while not any(word in shown for word in words):
            seconds = self.deadline - time.monotonic()
            ready = seconds > 0 and select.select([self.ours], [], [], seconds)[0]
            assert ready, shown
            shown += os.read(self.ours, 65536).decode("utf-8", "replace")
        self.shown += shown
        return shown

    def ended(self) -> int:
        """Its exit status; all that it has shown is read."""
        self.until(LEAVE)
        return self.process.wait(max(0.1, self.deadline - time.monotonic()))

    def clean(self) -> bool:
        """Whether the terminal is as it was."""
        after = termios.tcgetattr(self.theirs)
        return after == self.before and self.shown.rindex(LEAVE) > self.shown.rindex(ENTER)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def watched(admin: Admin) -> Iterator[Watched]:
    prepared(admin)
    running = Watched(admin)
    try:
        running.until("quit")
        yield running
    finally:
        running.end()


def test_q_ends_it(watched: Watched):
    assert "accepted" in watched.shown
    watched.type("q")
    assert watched.ended() == 0
    assert watched.clean()


def test_ctrl_c_ends_it(watched: Watched):
    watched.type("\x03")
    assert watched.ended() == 130
    assert watched.clean()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it(watched: Watched, number: signal.Signals):
    watched.process.send_signal(number)
    assert watched.ended() == 128 + number
    assert watched.clean()


def test_a_terminal_that_is_gone_ends_it(admin: Admin):
    prepared(admin)
    running = Watched(admin)
    try:
        running.until("quit")
        os.close(running.ours)
        assert running.process.wait(LONGEST_SECONDS) == 128 + signal.SIGHUP
    finally:
        running.ours = os.open(os.devnull, os.O_RDONLY)
        running.end()


def test_it_takes_another_size(watched: Watched):
    watched.size(120, 40)
    watched.process.send_signal(signal.SIGWINCH)
    watched.until("\x1b[40;1H")


def test_it_stands_still_and_goes_on(watched: Watched):
    watched.type("p")
    watched.until("PAUSED")
    watched.type("p")
    watched.until("ready")


def test_channels_are_sorted_anew(watched: Watched):
    watched.type("s")
    watched.until("by subscribers")


def test_a_daemon_that_goes_away_is_told_of_until_it_is_back(watched: Watched, admin: Admin):
    admin.stop()
    watched.until("NO ANSWER since")
    admin.start()
    watched.until("ready")
    watched.type("q")
    assert watched.ended() == 0


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(watched: Watched):
    # nobody is here who could let it go on, so that the kernel does not stop it
    watched.type("\x1a")
    assert LEAVE in watched.until(ENTER)
    watched.type("q")
    assert watched.ended() == 0
    assert watched.clean()


def test_without_colours_and_in_plain_characters(admin: Admin):
    prepared(admin)
    running = Watched(admin, NO_COLOR="1", LC_ALL="C")
    try:
        running.until("quit")
        assert running.shown.isascii()
        assert "\x1b[36m" not in running.shown
    finally:
        running.end()


def test_where_no_daemon_is_there_is_no_screen(admin: Admin):
    admin.stop()
    running = Watched(admin)
    try:
        assert ENTER not in running.until("No daemon answers")
        assert running.process.wait(LONGEST_SECONDS) == 6
    finally:
        running.end()
