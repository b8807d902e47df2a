"""--exec: what a command is given, what its end means, and that none is left behind."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from notifyctl.exits import Refusal, Status
from notifyctl.listening.working.execute import Command, command_of

PUBLICATION: dict[str, Any] = {
    "id": "n_1", "channel": "orders; rm -rf *", "epoch": "e", "offset": 7, "priority": 8, "userId": None, "attempt": 1,
}  # fmt: skip
BODY = json.dumps(PUBLICATION).encode()


def python(code: str, *, seconds: float = 20.0) -> Command:
    return Command(command_of(shlex.join([sys.executable, "-c", code])), timeout_seconds=seconds)


async def done(command: Command, publication: dict[str, Any] = PUBLICATION, body: bytes = BODY) -> str:
    with trio.fail_after(30):
        return await command(publication, body)


async def test_it_is_given_the_publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFYD_USER", "of another")
    code = (
        "import json, os, sys; told = {k: v for k, v in os.environ.items() if k.startswith('NOTIFYD_')}; "
        f"open({str(tmp_path / 'told')!r}, 'w').write(json.dumps([json.load(sys.stdin), told]))"
    )
    assert await done(python(code)) == ""
    told = {
        "NOTIFYD_ID": "n_1", "NOTIFYD_CHANNEL": "orders; rm -rf *", "NOTIFYD_EPOCH": "e", "NOTIFYD_OFFSET": "7",
        "NOTIFYD_PRIORITY": "8", "NOTIFYD_ATTEMPT": "1",
    }  # fmt: skip
    assert json.loads((tmp_path / "told").read_text()) == [PUBLICATION, told]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import sys; sys.exit(3)", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
    ],
)
async def test_how_it_failed(code: str, problem: str):
    assert await done(python(code)) == problem


async def test_one_that_reads_nothing_is_no_failure():
    assert await done(python(""), body=b"x" * 1_000_000) == ""


async def test_what_no_environment_can_hold_is_left_out():
    hostile = {**PUBLICATION, "channel": "a\0b\ud800", "id": "n"}
    assert await done(python("import os; assert os.environ['NOTIFYD_CHANNEL'] == 'ab?'"), hostile) == ""


_FAMILY = (
    "import os, subprocess, sys, signal; "
    "child = subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGTERM, "
    "signal.SIG_IGN); print(flush=True); time.sleep(60)'], stdout=subprocess.PIPE); child.stdout.readline(); "
    "open({!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); "
    "signal.pause()"
)


def alive(pid: int) -> bool:
    """Whether it runs; whoever is to be told of its end may not have looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until(truth: Callable[[], bool]) -> None:
    with trio.fail_after(20):
        while not truth():
            await trio.lowlevel.checkpoint()


def family(place: Path) -> list[int]:
    """Whom the command wrote down: itself and its child."""
    return [int(pid) for pid in place.read_text().split()] if place.exists() else []


async def gone(place: Path) -> None:
    pids = family(place)
    assert len(pids) == 2
    await until(lambda: not any(map(alive, pids)))


async def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path):
    place = tmp_path / "pids"
    problem = await done(python(_FAMILY.format(str(place)), seconds=2))
    assert problem == "ended after 2 s, which is all that --exec-timeout allows"
    await gone(place)


async def test_a_cancelled_one_leaves_nothing_behind(tmp_path: Path, nursery: trio.Nursery):
    place = tmp_path / "pids"
    with trio.CancelScope() as scope:
        nursery.start_soon(_cancel_when_there, place, scope)
        await done(python(_FAMILY.format(str(place))))
    assert scope.cancelled_caught
    await gone(place)


async def _cancel_when_there(place: Path, scope: trio.CancelScope) -> None:
    await until(lambda: len(family(place)) == 2)
    scope.cancel()


@pytest.mark.parametrize("text", ["", "  ", "'open", "no-such-program-here --x"])
def test_what_is_no_command(text: str):
    with pytest.raises(Refusal) as refused:
        command_of(text)
    assert refused.value.status is Status.USAGE


async def test_a_program_that_vanished(tmp_path: Path):
    program = tmp_path / "p"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    command = Command(command_of(str(program)), timeout_seconds=5)
    program.unlink()
    assert await done(command) == "it cannot be run: No such file or directory"
