"""A room: this machine's files with a layer on top that takes what is written, in a mount namespace of its own.

What a container or a service manager would forbid or change can be tried in it without either.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

from tests.interop.programs import tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SECONDS: Final = 400
#: The first user that no account of a distribution has, as in the Dockerfile.
USER: Final = 10_001
#: What a process keeps of root's powers: nothing, and it cannot get it back.
_UNPRIVILEGED: Final = ("--clear-groups", "--no-new-privs", "--bounding-set", "-all", "--inh-caps", "-all")

#: Debian's own has no such name.
_NAMED_PYTHON: Final = 'test -e "$1"/usr/local/bin/python || ln -sf python3 "$1"/usr/bin/python'


class Room:
    """Runs programs in it, while it is open."""

    def __init__(self, root: Path, holder: int) -> None:
        #: Where it is seen from inside its namespace.
        self.root = root
        self._holder = holder

    def mount(self, *arguments: str | Path) -> None:
        """mount(8) in its namespace; `ROOT` in an argument stands for the room."""
        said = [str(argument).replace("ROOT", str(self.root)) for argument in arguments]
        self._call(["nsenter", "-m", "-t", str(self._holder), "mount", *said], {})

    def command(self, *command: str, user: int = 0, cwd: str = "/", env: dict[str, str] | None = None) -> list[str]:
        """What runs *command* in it, with *env* and nothing else, as *user*, who has no powers unless it is root."""
        who = [] if user == 0 else ["setpriv", "--reuid", str(user), "--regid", str(user), *_UNPRIVILEGED, "--"]
        there = ["sh", "-c", f'cd {shlex.quote(cwd)} && exec "$@"', "sh", *command]
        # an interpreter of another prefix finds its own library there, and not one of the same name in /usr/lib
        around = {"LD_LIBRARY_PATH": "/usr/local/lib"} | (env or {})
        said = [f"{name}={value}" for name, value in around.items()]
        inside = ["chroot", str(self.root), *who, "env", "-i", *said, *there]
        return ["nsenter", "-m", "-t", str(self._holder), *inside]

    def run(self, *command: str, user: int = 0, cwd: str = "/", env: dict[str, str] | None = None) -> str:
        """What it prints; it must succeed."""
        return self._call(self.command(*command, user=user, cwd=cwd, env=env), None)

    def _call(self, command: Sequence[str], env: dict[str, str] | None) -> str:
        done = subprocess.run(
            command, env=env and os.environ, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@contextmanager
def open_room(folder: Path) -> Iterator[Room]:
    """A room whose layer is in *folder*; Python is in its /usr/local, as in the images of Python.

    Only root may make one, and not everywhere: without it the test is skipped.
    """
    for program in ("unshare", "nsenter", "setpriv", "chroot"):
        tool(program)
    places = {name: folder / name for name in ("upper", "work", "root")}
    for place in places.values():
        place.mkdir(parents=True)
    options = f"lowerdir=/,upperdir={places['upper']},workdir={places['work']}"
    steps = [
        ["mount", "-t", "overlay", "overlay", "-o", options, str(places["root"])],
        *(["mount", "--rbind", f"/{name}", f"{places['root']}/{name}"] for name in ("proc", "dev")),
        ["mount", "--bind", sys.base_prefix, f"{places['root']}/usr/local"],
        [
            "sh",
            "-c",
            'test -e "$1"/usr/local/bin/python || ln -sf python3 "$1"/usr/bin/python',
            "sh",
            str(places["root"]),
        ],
    ]
    script = " && ".join(shlex.join(step) for step in steps)
    # it ends when its stdin does, whatever ends the test
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", f"{script} && echo open && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stderr is not None
    try:
        if holder.stdout.readline() != "open\n":
            missing_room(holder.stderr.read())
        yield Room(places["root"], holder.pid)
    finally:
        holder.stdin.close()
        holder.wait(30)
        holder.stdout.close()
        holder.stderr.close()


def missing_room(reason: str) -> NoReturn:
    """End the test: many containers do not allow it, not even to root, and no package helps."""
    pytest.skip(f"no file system can be laid over another here: {reason}")
