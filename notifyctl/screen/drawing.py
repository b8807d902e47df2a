"""The whole screen as lines of text, for a terminal of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from notifyctl.screen import panels, views, watchful, watchful_views
from notifyctl.screen.layout import GUTTER, Column, Needs, planned
from notifyctl.screen.rate_rows import rate_rows
from notifyctl.screen.sheet import BAR, FAINT, TITLE, Sheet, bar, chip, said
from notifyctl.values.moments import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.screen.views import Head, Meter

#: Less than this shows nothing that could be read.
_LEAST_WIDTH: Final = 20
_DRAW: Final[dict[str, Callable[[Sheet, int, int], list[Text]]]] = {
    "rates": panels.rates,
    "queue": panels.queue,
    "connections": panels.connections,
    "channels": panels.channels,
    "kept": panels.kept,
    "slow": watchful.slow,
    "errors": watchful.errors,
    "nodes": watchful.nodes,
}
_KEYS: Final = (("q", "quit"), ("p", "pause"), ("s", "sort channels"), ("+/-", "interval"))


@dataclass(frozen=True)
class Situation:
    """How the looking goes."""

    #: Between two looks.
    interval: float
    #: The operator wants it to stand still.
    paused: bool = False
    #: Why there is no answer, since what time of day and for how many seconds.
    problem: str = ""
    since: str = ""
    since_seconds: float = 0.0
    #: Whether keys are read.
    keys: bool = True


def drawn(sheet: Sheet, situation: Situation, width: int, height: int) -> list[Text]:
    """Exactly *height* lines of at most *width* cells."""
    width = max(width, _LEAST_WIDTH)
    head = views.head(sheet.figures, sheet.look)
    top = [_first(head, situation, width), _meters(head, width, sheet)]
    if situation.problem:
        top.append(Text(f"{situation.problem} Trying again.", "red"))
    elif head.away:
        top.append(said(head.away, "bad"))
    if height > 20:
        top.append(Text())
    bottom = [_help(situation, width)] if height > 3 else []
    room = max(0, height - len(top) - len(bottom))
    lines = [*top, *_body(sheet, width, room), *bottom] if room else top
    for line in lines:
        line.truncate(width, overflow="crop")
    return lines[:height] + [Text()] * (height - len(lines))


def _body(sheet: Sheet, width: int, height: int) -> list[Text]:
    plan = planned(width, height, _needs(sheet))
    columns = [_column(sheet, column, plan.height) for column in plan.columns]
    lines = []
    for place in range(plan.height):
        line = Text()
        start = 0
        for column, drawn_lines in zip(plan.columns, columns, strict=True):
            line.append(" " * (start - line.cell_len)).append_text(drawn_lines[place])
            start += column.width + GUTTER
        lines.append(line)
    return lines + _column(sheet, plan.bottom, height - plan.height)


def _column(sheet: Sheet, column: Column, height: int) -> list[Text]:
    lines: list[Text] = []
    for place in column.places:
        panel = _DRAW[place.panel](sheet, column.width, place.height)
        lines += panel + [Text()] * (place.height + place.gap - len(panel))
    return lines[:height] + [Text()] * (height - len(lines))


def _needs(sheet: Sheet) -> dict[str, Needs]:
    look = sheet.look
    waiting = views.queue(look)
    channels = len(views.channels(look, sheet.order))
    needs = {
        "rates": Needs(4, 1 + len(rate_rows(sheet.figures, look, 100))),
        "queue": Needs(2, 3 + len(waiting.priorities)),
        "connections": Needs(1, 1 + len(look.stats["connectionsByTransport"])),
        "channels": Needs(2, 2 + channels) if channels else Needs(1, 1),
        "slow": Needs(1, 1 + len(watchful_views.slow(look))),
        "errors": Needs(1, 1 + len(look.troubles)),
        "kept": Needs(6, 6),
    }
    if look.nodes:
        needs["nodes"] = Needs(min(3, 1 + len(look.nodes)), 2 + len(look.nodes))
    return needs


def _first(head: Head, situation: Situation, width: int) -> Text:
    line = Text().append("notifyd", TITLE)
    if situation.problem:
        parts = [chip(f"NO ANSWER since {situation.since} ({spoken(situation.since_seconds)})", "bad")]
    else:
        parts = [chip(head.state, head.mood)]
    if head.missing:
        parts.append(chip(f"{head.missing} WITHOUT ANSWER", "bad"))
    if situation.paused:
        parts.append(chip("PAUSED", "warn"))
    parts.append(Text(f"up {head.uptime}"))
    parts.append(Text(f"{head.nodes} nodes" if head.nodes > 1 else ""))
    for part in parts:
        if part.plain and line.cell_len + 2 + part.cell_len <= width:
            line.append("  ").append_text(part)
    right = f"{head.time}  every {situation.interval:g}s"
    for words in (right, head.time):
        gap = width - line.cell_len - len(words)
        if gap >= 2:
            return line.append(" " * gap).append(words, FAINT)
    return line


def _meters(head: Head, width: int, sheet: Sheet) -> Text:
    """The meters with as much of a bar as there is room for."""
    plain = sum(len(meter.label) + len(meter.said) + 1 for meter in head.meters)
    share = (width - plain - 3 * (len(head.meters) - 1)) // len(head.meters) - 6
    line = Text()
    for meter in head.meters:
        line.append("   " if line.plain else "").append_text(
            _meter(meter, min(share, 16), sheet, tight=plain > width - 8)
        )
    return line


def _meter(meter: Meter, bars: int, sheet: Sheet, *, tight: bool) -> Text:
    text = Text().append(f"{meter.label} ", FAINT)
    if meter.share is None or tight:
        return text.append_text(said(meter.said.partition(" of ")[0], meter.mood))
    if bars >= 4:
        text.append_text(bar(meter.share, bars, meter.mood, sheet.glyphs)).append(" ")
    return text.append_text(said(meter.said, meter.mood))


def _help(situation: Situation, width: int) -> Text:
    line = Text()
    if not situation.keys:
        return Text("Ctrl-C ends", FAINT)
    for key, deed in _KEYS:
        word = "go on" if key == "p" and situation.paused else deed
        if line.cell_len + len(key) + len(word) + 4 <= width:
            line.append("   " if line.plain else "").append(key, f"bold {BAR}").append(f" {word}", FAINT)
    return line
