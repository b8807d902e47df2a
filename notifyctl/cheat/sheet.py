"""The cheat sheet on a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.text import Text

from notifyctl.cheat.cheats import Cheat, parts
from notifyctl.showing.tables import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_STYLES: Final = {"program": "bold", "option": "cyan", "quoted": "green", "blank": "bold yellow", "": ""}
_INDENT: Final = "  "
_GAP: Final = 3


def show(cheats: Sequence[Cheat]) -> None:
    """Print *cheats* by topic: beside each command what it is for, or above it where the terminal is too narrow."""
    paper = console()
    for number, (title, group) in enumerate(groupby(cheats, lambda each: each.title)):
        if number:
            paper.print()
        _print_topic(paper, title, list(group))


def _print_topic(paper: Console, title: str, cheats: Sequence[Cheat]) -> None:
    name = cheats[0].topic
    command_width = max(len(each.run) for each in cheats)
    comment_width = max(len(each.say) for each in cheats) + len("# ")
    beside = len(_INDENT) + command_width + _GAP + comment_width <= paper.width
    paper.print(Text.assemble((name.upper(), "bold cyan"), (f"  {title}", "")), soft_wrap=True)
    for each in cheats:
        comment = Text(f"# {each.say}", "dim")
        line = Text(_INDENT)
        for piece, kind in parts(each.run):
            line.append(piece, _STYLES[kind])
        if beside:
            line.append(" " * (command_width - len(each.run) + _GAP)).append_text(comment)
        else:
            paper.print(Text(_INDENT).append_text(comment), soft_wrap=True)
        # never broken in two: it is there to be copied
        paper.print(line, soft_wrap=True)
