"""zsh and fish with the scripts that `notifyctl completion` gives them, as a person has them."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notifyd.v1 import admin_pb2 as pb
from tests.cli import samples
from tests.cli.samples import HOSTILE
from tests.cli.scripted import Admin

pytestmark = pytest.mark.slow

LONGEST_SECONDS = 30.0
BIN = Path(sys.executable).parent


def shell(name: str) -> str:
    """The path of a shell: a person may lack it, CI may not."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def environment(folder: Path, admin: Admin) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PATH", "TERM")}
    place = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    return kept | place | {"NOTIFYCTL_SOCKET": str(admin.socket), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def install(name: str, folder: Path, admin: Admin) -> Path:
    """Have notifyctl write the script of a shell; where it is."""
    done = subprocess.run(
        [BIN / "notifyctl", "completion", "install", name],
        env=environment(folder, admin) | {"XDG_DATA_HOME": str(folder / "data")},
        capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True,
    )  # fmt: skip
    return Path(done.stdout.strip())


class Zsh:
    """One zsh on a terminal."""

    def __init__(self, program: str, folder: Path, admin: Admin) -> None:
        self.deadline = time.monotonic() + LONGEST_SECONDS
        #: What it has shown and nobody has waited for.
        self.unread = ""
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [program, "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(folder, admin),
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def begin(self, script: Path) -> None:
        """Have it complete with *script*."""
        self.type(
            f"PS1='READY> '; unset zle_bracketed_paste; fpath=({script.parent} $fpath); "
            "autoload -Uz compinit; compinit -u -D; echo ST''ARTED\n"
        )
        self.until("STARTED")
        self.until("READY> ")

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def until(self, words: str) -> str:
        """What it shows until it shows *words*."""
        while words not in self.unread:
            seconds = self.deadline - time.monotonic()
            ready = seconds > 0 and select.select([self.ours], [], [], seconds)[0]
            assert ready, self.unread
            self.unread += os.read(self.ours, 4096).decode("utf-8", "replace")
        before, _, self.unread = self.unread.partition(words)
        return before + words

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


@pytest.fixture
def zsh(tmp_path: Path, admin: Admin):
    program, script = shell("zsh"), install("zsh", tmp_path, admin)
    running = Zsh(program, tmp_path, admin)
    try:
        running.begin(script)
        yield running
    finally:
        running.end()


def keys(*named: str) -> pb.ListKeysResponse:
    return pb.ListKeysResponse(keys=[samples.key(id=id_, name=f"shop of {id_}") for id_ in named])


def test_zsh_completes_commands_and_live_ids(zsh: Zsh, admin: Admin):
    admin.answers("ListKeys", keys("key_1", "other"))
    zsh.type("notifyctl keys rev\tk\t")
    assert zsh.until("key_1 ")


def test_zsh_shows_what_ids_stand_for(zsh: Zsh, admin: Admin):
    admin.answers("ListKeys", keys("key_1", "key_2"))
    zsh.type("notifyctl keys revoke k\t\t")
    shown = zsh.until("shop of key_2")
    assert "shop of key_1" in shown


def test_zsh_says_nothing_where_no_daemon_is(zsh: Zsh, admin: Admin):
    admin.stop()
    zsh.type("notifyctl keys revoke k\t\x15echo qui''et\n")
    shown = zsh.until("quiet\r\n")
    assert "No daemon" not in shown
    assert "Traceback" not in shown


def fish(folder: Path, admin: Admin, *lines: str) -> list[list[str]]:
    """What fish offers for each of *lines*."""
    program, script = shell("fish"), install("fish", folder, admin)
    asked = "; echo ----; ".join(f"complete -C '{line}'" for line in lines)
    done = subprocess.run(
        [program, "--no-config", "-c", f"source {script}; {asked}"],
        env=environment(folder, admin), cwd=folder, capture_output=True, text=True, timeout=LONGEST_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return [part.split("\n") if (part := each.strip()) else [] for each in done.stdout.split("----")]


def test_fish_completes_commands_options_and_live_ids(tmp_path: Path, admin: Admin):
    admin.answers("ListKeys", keys("key_1", "other"))
    commands, options, ids = fish(tmp_path, admin, "notifyctl subscr", "notifyctl send --li", "notifyctl keys revoke k")
    assert commands[0].startswith("subscriptions\t")
    assert options[0].startswith("--lines\t")
    assert ids == ["key_1\tshop of key_1"]


def test_fish_completes_files_where_there_is_nothing_else(tmp_path: Path, admin: Admin):
    (tmp_path / "notifyd.toml").touch()
    (files,) = fish(tmp_path, admin, f"notifyctl serve --config {tmp_path}/not")
    assert files == [f"{tmp_path}/notifyd.toml"]


def test_fish_shows_nothing_that_a_stranger_wrote_to_harm(tmp_path: Path, admin: Admin):
    hostile = samples.key(id="key_1", name=f"{HOSTILE}$(touch pwned)`touch pwned`")
    admin.answers("ListKeys", pb.ListKeysResponse(keys=[hostile, samples.key(id="$(touch pwned)")]))
    (ids,) = fish(tmp_path, admin, "notifyctl keys revoke ")
    assert [each.partition("\t")[0] for each in ids] == ["key_1"]
    assert "\x1b" not in ids[0]
    assert not (tmp_path / "pwned").exists()


def test_zsh_runs_nothing_that_a_stranger_wrote(zsh: Zsh, admin: Admin, tmp_path: Path):
    word = f'it\'s "x" $(touch {tmp_path}/pwned) `touch {tmp_path}/pwned`'
    admin.answers("ListKeys", pb.ListKeysResponse(keys=[samples.key(id="key_1", name=word)]))
    zsh.type("notifyctl keys revoke k\t")
    zsh.until("key_1 ")
    assert not (tmp_path / "pwned").exists()
