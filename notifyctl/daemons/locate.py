"""Where the daemon's admin socket may be, and which of these places answers."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A probe is one connect(2) on this machine; only a daemon whose backlog is full makes it wait.
_PROBE_SECONDS: Final = 2.0


def candidates(environ: Mapping[str, str]) -> list[Path]:
    """Every place of the socket, in the order in which they are tried, when none was named."""
    places = []
    if runtime := _absolute(environ, "XDG_RUNTIME_DIR"):
        places.append(Path(runtime) / "notifyd" / "admin.sock")
    places.append(Path("/run/notifyd/admin.sock"))
    state = _absolute(environ, "XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    places += [Path(state) / "notifyd" / "admin.sock", Path("/var/lib/notifyd/admin.sock")]
    return places


def _absolute(environ: Mapping[str, str], name: str) -> str | None:
    # the XDG specification wants relative values ignored
    folder = environ.get(name, "")
    return folder if folder.startswith("/") else None


def find(named: str | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The socket that *named* says, else the first candidate where a daemon answers.

    Raises:
        Refusal: none answers (UNREACHABLE), or this user may not open the only one that is there (DENIED).
    """
    places = [Path(named).expanduser()] if named else candidates(environ)
    problems = {}
    for place in places:
        problem = _probe(place)
        if problem is None:
            return place
        problems[place] = problem
    raise _nobody(places, problems)


def _probe(place: Path) -> OSError | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(str(place))
        except OSError as exc:
            return exc
    return None


def _nobody(places: Sequence[Path], problems: Mapping[Path, OSError]) -> Refusal:
    for place, problem in problems.items():
        if isinstance(problem, PermissionError):
            return Refusal(
                f"This user may not open {place}; run as the user that the daemon runs as, or with sudo.",
                Status.DENIED,
                code="forbidden",
            )
    tried = ", ".join(f"{place} ({_reason(problems[place])})" for place in places)
    return Refusal(
        f"No daemon answers; tried {tried}. Start one with `notifyctl serve`, or name its socket with --socket.",
        Status.UNREACHABLE,
        code="unreachable",
    )


def _reason(problem: OSError) -> str:
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        return "not there"
    if isinstance(problem, ConnectionRefusedError):
        return "nobody listens"
    if isinstance(problem, TimeoutError):
        return "does not answer"
    return (problem.strerror or str(problem)).lower()
