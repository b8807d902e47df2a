"""Write notifyctl-recipes(7) from the scripts in examples/.

Run it after a change to one of them; `--check` writes nothing and exits 1 if the page is not up to date.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from notifyctl_man import roff

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER / "notifyctl-recipes.7"
PIPELINES = FOLDER.parent / "examples" / "pipelines"
#: In the order of the page.
ORDER = (
    "log-to-channel", "filter-channel", "worker", "inbox-worker", "forward", "alert-queue", "repair-dead-letters",
    "deploy", "rotate-key",
)  # fmt: skip
_HEAD = r""".\" notifyctl-recipes.7 is made from examples/pipelines by man/recipes.py
.Dd November 22, 2026
.Dt NOTIFYCTL-RECIPES 7
.Os
.Sh NAME
.Nm notifyctl-recipes
.Nd pipelines around notifyctl
.Sh DESCRIPTION
What
.Xr notifyctl 1
writes to a pipe is data alone, NDJSON where it streams, and flushed line by line; its exit statuses tell what happened.
That is enough to make small services of it.
Each recipe is a script in
.Pa examples/pipelines
of the source, and is run by the tests as it stands here.
Those that go on until they are stopped are good services of
.Xr systemd.service 5
with
.Li Restart=on\-failure .
.Pp
Beside them
.Pa examples/first\-websocket.py , examples/first\-websocket.mjs , examples/first\-socketio.py
and
.Pa examples/first\-socketio.mjs
make a first connection with stock clients, tell every step, and say what to do about one that fails.
.Sh RECIPES
"""
_TAIL = r""".Sh SEE ALSO
.Xr jq 1 ,
.Xr notifyctl 1 ,
.Xr notifyd\-protocol 7
"""


@dataclass(frozen=True)
class Recipe:
    """One script: what its head says, and what it does."""

    name: str
    title: str
    prose: list[str]
    usage: str
    code: str


def read(path: Path) -> Recipe:
    """The recipe in *path*: a first line for the shell, the title, paragraphs, `Usage:`, and the code."""
    _, *lines = path.read_text(encoding="utf-8").splitlines()
    head = [line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#")]
    code = "\n".join(lines[len(head) :])
    title, *parts = re.split(r"\n\n", "\n".join(head))
    usage = parts.pop().removeprefix("Usage: ")
    return Recipe(path.stem, title, [" ".join(part.split()) for part in parts], usage, code)


def render() -> str:
    """The text of notifyctl-recipes(7)."""
    return _HEAD + "".join(_section(read(PIPELINES / f"{name}.sh")) for name in ORDER) + _TAIL


def _section(recipe: Recipe) -> str:
    prose = "\n.Pp\n".join("\n".join(map(roff, _sentences(part))) for part in recipe.prose)
    code = "\n".join(map(roff, recipe.code.splitlines()))
    usage = f".Pp\n.Dl {roff(recipe.usage)}\n"
    return f".Ss {roff(recipe.title)}\n{prose}\n{usage}.Bd -literal -offset indent\n{code}\n.Ed\n"


def _sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[a-z0-9)}\]]\.) (?=[A-Z])", paragraph)


def main() -> int:
    """Write the page, or with --check say whether it is as it should be."""
    fresh = render()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    sys.stderr.write("stale, run man/recipes.py: man/notifyctl-recipes.7\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
