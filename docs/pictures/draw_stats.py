"""Draws docs/pictures/stats.svg: the screen of `notifyctl stats --watch` beside a running daemon.

python docs/pictures/draw_stats.py --socket /run/notifyd/admin.sock --seconds 60
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from notifyctl.daemons.calling import Daemon
from notifyctl.exits import Refusal
from notifyctl.screen.drawing import Situation, drawn
from notifyctl.screen.glyphs import UNICODE
from notifyctl.screen.looker import look
from notifyctl.screen.looks import Figures
from notifyctl.screen.sheet import Sheet

if TYPE_CHECKING:
    from rich.text import Text

PICTURE: Final = Path(__file__).with_name("stats.svg")
WIDTH: Final = 120
HEIGHT: Final = 36
_ANSWER_SECONDS: Final = 10.0


def picture(lines: list[Text]) -> str:
    """*lines* as an SVG that fetches nothing from anywhere."""
    paper = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        paper.print(line, no_wrap=True, overflow="crop", crop=True)
    svg = paper.export_svg(title="notifyctl stats --watch", unique_id="stats")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: ui-monospace, Menlo, Consolas, monospace")
    svg = re.sub(r"<!-- .*? -->", "", svg)
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


def main() -> None:
    """Look once a second, and draw what has come of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", help="the daemon's admin socket")
    parser.add_argument("--seconds", type=int, default=60, help="how long to look")
    given = parser.parse_args()
    figures = Figures()
    with Daemon(given.socket, _ANSWER_SECONDS) as daemon:
        for _ in range(given.seconds):
            # one look less is no harm
            with contextlib.suppress(Refusal):
                figures.take(look(daemon))
            time.sleep(1.0)
    assert figures.last is not None, "it was looked at once at least"
    PICTURE.write_text(
        picture(drawn(Sheet(figures, figures.last, UNICODE), Situation(1.0), WIDTH, HEIGHT)), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
