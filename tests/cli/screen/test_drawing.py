"""The screen as text, at sizes from a narrow pane to a wall.

`python -m tests.cli.screen.test_drawing` writes the files anew.
"""

from __future__ import annotations

import io
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from notifyctl.screen.drawing import Situation, drawn
from notifyctl.screen.glyphs import ASCII, UNICODE, Glyphs
from notifyctl.screen.looks import Figures
from notifyctl.screen.sheet import Sheet
from tests.cli.screen.looks import figures, look, stats

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).with_name("golden")
SIZES = ((40, 15), (100, 30), (200, 50))
CALM = Situation(interval=1.0)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


#: What is only looked at needs to be made once.
busy = cache(figures)


def painted(
    width: int, height: int, situation: Situation = CALM, glyphs: Glyphs = UNICODE, taken: Figures | None = None
) -> str:
    """The screen without colours."""
    taken = taken or busy()
    assert taken.last is not None
    paper = Console(file=io.StringIO(), width=width, color_system=None)
    for line in drawn(Sheet(taken, taken.last, glyphs), situation, width, height):
        paper.print(line, no_wrap=True, overflow="crop", crop=True)
    assert isinstance(paper.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in paper.file.getvalue().splitlines())


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_screen_is_as_it_was_agreed(width: int, height: int) -> None:
    assert painted(width, height) == (GOLDEN / f"{width}x{height}.txt").read_text("utf-8")


@pytest.mark.parametrize("height", [1, 2, 5, 10, 24, 60])
def test_every_size_is_filled_and_not_exceeded(height: int) -> None:
    taken = figures(3)
    assert taken.last is not None
    for width in (10, 20, 33, 46, 60, 80, 99, 100, 130, 170, 250):
        lines = drawn(Sheet(taken, taken.last, UNICODE), CALM, width, height)
        assert len(lines) == height
        assert max(line.cell_len for line in lines) <= max(20, width)


@pytest.mark.parametrize("width", [46, 60, 120, 200])
def test_no_figure_is_cut_off(width: int) -> None:
    taken = Figures()
    for second in range(40):
        moment = stats(uptime_seconds=second, deliveries=3_333_333 * second, delivered_bytes=second << 33)
        taken.take(look(stats={**moment, "topChannels": [], "busiestChannels": []}, slow=[], cut=[]))
    rows = [line for line in painted(width, 40, taken=taken).splitlines() if line.startswith(("deliver", "bytes"))]
    assert "3.3M" in rows[0]
    assert len(rows) == 2 or width < 60
    assert "…" not in "".join(rows)


def test_nothing_but_plain_characters_where_there_are_no_others() -> None:
    assert painted(120, 40, glyphs=ASCII).isascii()


def test_a_daemon_that_is_away_is_told_of_with_since_when() -> None:
    away = Situation(1.0, problem="The daemon went away.", since="12:00:31", since_seconds=95.0)
    shown = painted(100, 20, away)
    assert "NO ANSWER since 12:00:31 (1m 35s)" in shown
    assert "The daemon went away. Trying again." in shown


def test_standing_still_is_told() -> None:
    shown = painted(100, 20, Situation(1.0, paused=True))
    assert "PAUSED" in shown
    assert "p go on" in shown


def test_without_keys_the_help_names_none() -> None:
    assert painted(80, 10, Situation(1.0, keys=False)).splitlines()[-1] == "Ctrl-C ends"


def test_nodes_without_answer_and_engines_that_are_away() -> None:
    taken = Figures()
    taken.take(look(stats=stats(missing_nodes=1), away=[{"name": "queue", "detail": "connection refused"}]))
    shown = painted(120, 30, taken=taken)
    assert "1 WITHOUT ANSWER" in shown
    assert "queue: connection refused" in shown


def test_a_calm_service_says_so() -> None:
    taken = Figures()
    calm = stats(errors=0, nodes=1, top_channels=[])
    taken.take(look(stats={**calm, "topChannels": [], "busiestChannels": []}, nodes=[], slow=[], cut=[], troubles=[]))
    shown = painted(100, 40, taken=taken)
    for words in ("none behind", "0 cut off", "0 errors", "the log has no warnings", "channels  none"):
        assert words in shown
    assert "nodes  " not in shown


if __name__ == "__main__":
    import os

    os.environ["TZ"] = "UTC"
    time.tzset()
    for size in SIZES:
        (GOLDEN / f"{size[0]}x{size[1]}.txt").write_text(painted(*size), "utf-8")
