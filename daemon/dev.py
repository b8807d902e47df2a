"""`make dev`: run the daemon in development mode, and start it anew whenever its code or its configuration changes.

What it keeps stays. Code that Python cannot read is told and not started: the daemon that runs goes on. Arguments are
those of `notifyctl serve`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDERS: Final = (ROOT / "daemon" / "notifyd", ROOT / "notifyctl")
#: How often the files are looked at: a look takes some milliseconds.
LOOK_SECONDS: Final = 0.3
#: What has changed is taken once nothing more does for two looks: editors and git write many files behind each other.
CALM_LOOKS: Final = 2
#: A daemon that does not go by then is ended.
GOING_SECONDS: Final = 10.0

Seen = dict[Path, tuple[int, int]]


def watched(arguments: list[str]) -> Seen:
    """When each file that counts was changed, and how long it is."""
    found: Seen = {}
    for path in [*(each for folder in FOLDERS for each in folder.rglob("*")), *configuration(arguments)]:
        if "__pycache__" in path.parts:
            continue
        try:
            state = path.stat()
        except OSError:
            continue  # it has just gone, or was never there
        if path.is_file():
            found[path] = (state.st_mtime_ns, state.st_size)
    return found


def configuration(arguments: list[str]) -> list[Path]:
    """The files that settings come from, there or not."""
    named = [after for option, after in pairwise(arguments) if option in ("-c", "--config")]
    named += [each.partition("=")[2] for each in arguments if each.startswith("--config=")]
    try:
        # what is being changed may be broken at this moment
        from notifyd.config.files import find_config_file
        from notifyd.config.places import overlay_file

        found, _ = find_config_file(Path(named[-1]) if named else None, os.environ)
    except Exception:  # noqa: BLE001 -- whatever is wrong with it, the daemon says so at its start
        return [Path(".env")]
    return [Path(".env"), *([found, overlay_file(found)] if found else [])]


def unreadable(before: Seen, now: Seen) -> str:
    """What Python says of the changed files that it cannot read; empty where all is well."""
    problems = []
    for path in sorted(path for path in now if path.suffix == ".py" and before.get(path) != now[path]):
        try:
            compile(path.read_bytes(), str(path), "exec")
        except (SyntaxError, ValueError) as exc:
            place = f"{path.relative_to(ROOT)}:{getattr(exc, 'lineno', 0)}"
            problems.append(f"{place}: {exc.__class__.__name__}: {getattr(exc, 'msg', exc)}")
        except OSError:
            continue
    return "\n".join(problems)


class Runner:
    """The daemon that runs, if one does."""

    def __init__(self, arguments: list[str]) -> None:
        self._command = [sys.executable, "-m", "notifyctl", "serve", "--dev", *arguments]
        self._daemon: subprocess.Popen[bytes] | None = None
        self._told_of_end = False

    def start(self) -> None:
        """Start it."""
        path = os.pathsep.join([*map(str, (ROOT / "daemon", ROOT)), os.environ.get("PYTHONPATH", "")])
        self._daemon = subprocess.Popen(self._command, env=os.environ | {"PYTHONPATH": path.rstrip(os.pathsep)})
        self._told_of_end = False

    def stop(self) -> int:
        """Have it drain, and end it if it does not; its exit status."""
        if self._daemon is None:
            return 0
        if self._daemon.poll() is None:
            self._daemon.terminate()
        try:
            return self._daemon.wait(GOING_SECONDS)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            return self._daemon.wait()

    def look(self) -> None:
        """Say once when it has ended by itself."""
        if self._daemon is not None and self._daemon.poll() is not None and not self._told_of_end:
            self._told_of_end = True
            say(f"the daemon has ended with status {self._daemon.returncode}; the next change starts it again")


def say(sentence: str) -> None:
    """Tell whoever looks at the terminal."""
    sys.stderr.write(f"\n-- make dev: {sentence}\n")
    sys.stderr.flush()


def changed(before: Seen, arguments: list[str]) -> Seen:
    """Wait until something is not as *before*, and then until it is calm; what it is then."""
    now, calm = before, 0
    while now == before or calm < CALM_LOOKS:
        time.sleep(LOOK_SECONDS)
        seen = watched(arguments)
        calm = calm + 1 if seen == now else 0
        now = seen
        if now == before:
            return before
    return now


def run(arguments: list[str]) -> int:
    """Until an interrupt; the exit status."""
    runner = Runner(arguments)
    running = tried = watched(arguments)
    runner.start()
    try:
        while True:
            runner.look()
            now = changed(tried, arguments)
            if now == tried:
                continue
            tried = now
            if problems := unreadable(running, now):
                say(f"not started, the one before goes on:\n{problems}")
                continue
            names = sorted(str(path.name) for path in {**running, **now} if running.get(path) != now.get(path))
            say(f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''} changed: starting anew")
            runner.stop()
            running = now
            runner.start()
    except KeyboardInterrupt:
        return max(0, runner.stop())
    finally:
        runner.stop()


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM is taken as Ctrl-C is."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    sys.exit(run(sys.argv[1:]))
