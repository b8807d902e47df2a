"""What panels are drawn with: their styles, headings and cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from notifyctl.screen.glyphs import Glyphs, fitted, gauge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyctl.screen.looks import Figures, Look
    from notifyctl.screen.views import Mood, Order

#: Named colours alone: they are the terminal's own, readable on its background whether that is dark or light.
TITLE: Final = "bold"
FAINT: Final = "dim"
BAR: Final = "cyan"
GOOD: Final = "green"
HEADER: Final = "dim"
_TEXT: Final[dict[str, str]] = {"": "", "warn": "bold", "bad": "bold red"}
_GAUGE: Final[dict[str, str]] = {"": "cyan", "warn": "yellow", "bad": "red"}
#: Yellow letters are not readable on white; letters on yellow are, everywhere.
_CHIP: Final[dict[str, str]] = {"": "bold green", "warn": "black on yellow", "bad": "bold white on red"}


@dataclass(frozen=True)
class Sheet:
    """What is to be drawn, and with which characters."""

    figures: Figures
    look: Look
    glyphs: Glyphs
    order: Order = "rate"


def said(text: str, mood: Mood = "") -> Text:
    """*text* in the colour of its *mood*."""
    return Text(text, _TEXT[mood])


def chip(text: str, mood: Mood) -> Text:
    """*text* as something that is not overlooked, unless all is well."""
    return Text(f" {text} " if mood else text, _CHIP[mood])


def bar(share: float, width: int, mood: Mood, glyphs: Glyphs) -> Text:
    """A gauge in the colour of its *mood*."""
    filled, rest = gauge(share, width, glyphs)
    return Text.assemble((filled, _GAUGE[mood]), (rest, FAINT))


def heading(name: str, width: int, glyphs: Glyphs, *facts: Text | str) -> Text:
    """The first line of a panel: its name, and what there is to say in a few words, as far as there is room."""
    line = Text().append(name, TITLE)
    for fact in facts:
        said_now = fact if isinstance(fact, Text) else Text(fact)
        if said_now.plain and line.cell_len + 2 + said_now.cell_len <= width:
            line = line.append("  ").append_text(said_now)
    left = width - line.cell_len - 1
    return line.append(" " + glyphs.rule * left, FAINT) if left > 1 else line


@dataclass(frozen=True)
class Cell:
    """One cell of a row."""

    text: str
    width: int
    style: str = ""
    right: bool = False


def row(cells: Iterable[Cell], glyphs: Glyphs) -> Text:
    """*cells* beside each other, two spaces between them; those without a width are left out."""
    line = Text()
    for cell in cells:
        if cell.width > 0:
            line.append("  " if line.plain else "").append(
                fitted(cell.text, cell.width, glyphs, right=cell.right), cell.style
            )
    return line
