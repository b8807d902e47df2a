"""The panels of what goes wrong: slow consumers, the log, nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from notifyctl.screen import watchful_views as views
from notifyctl.screen.rate_rows import said
from notifyctl.screen.sheet import FAINT, HEADER, Cell, Sheet, bar, chip, heading, row
from notifyctl.screen.sheet import said as words
from notifyctl.values.moments import spoken
from notifyctl.values.sizes import decimal

if TYPE_CHECKING:
    from notifyctl.screen.views import Mood
    from notifyctl.screen.watchful_views import NodeRow, SlowRow

#: A column without room for how long something has been so.
_NARROW: Final = 48
_MOODS: Final = {"": "", "warn": "bold", "bad": "bold red"}


def slow(sheet: Sheet, width: int, height: int) -> list[Text]:
    """Connections that do not read what they are sent."""
    rows = views.slow(sheet.look)
    behind = sum(each.share is not None for each in rows)
    cut = sheet.look.stats["slowConsumers"]
    facts: list[Text | str] = [
        f"{behind} behind" if behind else "none behind",
        words(f"{decimal(cut)} cut off", "bad" if cut else ""),
    ]
    lines = [heading("slow consumers", width, sheet.glyphs, *facts)]
    return [*lines, *(_slow(each, width, sheet) for each in rows)][:height]


def _slow(each: SlowRow, width: int, sheet: Sheet) -> Text:
    narrow = width < _NARROW
    waits = "" if narrow or each.seconds is None or each.seconds < 0 else spoken(each.seconds)
    if each.share is None:
        state = f"cut {waits} ago" if waits else "cut"
    else:
        state = f"{each.share:.0%} for {waits}" if waits else f"{each.share:.0%}"
    # 20 is what the id of a key takes
    sizes = {"who": 20, "outbox": 9, "state": 4 if narrow else 15, "id": 16, "transport": 9, "where": 12}
    left, chosen = width, dict.fromkeys(sizes, 0)
    for name, size in sizes.items():
        taken = min(size, left)
        # part of an id is of no use
        if taken >= (size if name == "id" else min(size, 9)):
            chosen[name] = taken
            left -= taken + 2
    cells = [
        Cell(each.id, chosen["id"], FAINT),
        Cell(each.who, chosen["who"] + max(0, min(left, 12)), _MOODS[each.mood]),
        Cell(each.transport, chosen["transport"]),
        Cell(each.node or each.address, chosen["where"], FAINT),
        Cell(each.outbox, chosen["outbox"], "bold", right=True),
        Cell(state, chosen["state"]),
    ]
    line = row(cells, sheet.glyphs)
    room = width - line.cell_len - 2
    if each.share is not None and room >= 4:
        line.append("  ").append_text(bar(each.share, min(room, 10), each.mood, sheet.glyphs))
    return line


def errors(sheet: Sheet, width: int, height: int) -> list[Text]:
    """Errors since the start, and the latest warnings and errors of the log."""
    rows = views.troubles(sheet.look)
    count = sheet.look.stats["errors"]
    mood: Mood = "bad" if count else ""
    facts: list[Text | str] = [
        words("1 error" if count == 1 else f"{decimal(count)} errors", mood),
        "latest of the log" if rows else "the log has no warnings",
    ]
    if height == 1 and rows:
        facts[1] = words(f"{rows[0].time} {rows[0].event}", rows[0].mood)
    lines = [heading("log", width, sheet.glyphs, *facts)]
    for each in rows:
        cells = [Cell(each.time, 8 if width >= 32 else 0, FAINT), Cell(each.level[:7], 7 if width >= 50 else 0, FAINT)]
        line = row([*cells, Cell(each.event, min(len(each.event), width - 10), _MOODS[each.mood])], sheet.glyphs)
        room = width - line.cell_len - 2
        lines.append(line.append(" ").append_text(row([Cell(each.fields, room)], sheet.glyphs)) if room > 8 else line)
    return lines[:height]


def nodes(sheet: Sheet, width: int, height: int) -> list[Text]:
    """The daemons of the service."""
    rows = views.nodes(sheet.figures, sheet.look)
    missing = sheet.look.stats["missingNodes"]
    lost = chip(f"{missing} without answer", "bad") if missing else Text()
    lines = [heading("nodes", width, sheet.glyphs, str(len(rows)), lost)]
    widths = _node_widths(width)
    if height > len(rows) + 1:
        names = ("", "", "connect.", "accept/s", "deliv/s", "CPU", "memory", "lag")
        cells = [
            Cell(name, size, HEADER, right=place > 1)
            for place, (name, size) in enumerate(zip(names, widths, strict=True))
        ]
        lines.append(row(cells, sheet.glyphs))
    return [*lines, *(_node(each, widths, sheet) for each in rows)][:height]


def _node_widths(width: int) -> tuple[int, ...]:
    """Of name, state, connections, accepted, deliveries, CPU, memory and lag; 0 where there is no room for it."""
    sizes = {"state": 8, "connections": 8, "lag": 7, "cpu": 5, "deliveries": 8, "accepted": 8, "memory": 9}
    left, chosen = width - 10, {}
    for name, size in sizes.items():
        if left >= size + 2:
            chosen[name] = size
            left -= size + 2
    order = ("state", "connections", "accepted", "deliveries", "cpu", "memory", "lag")
    return min(24, 10 + left), *(chosen.get(name, 0) for name in order)


def _node(each: NodeRow, widths: tuple[int, ...], sheet: Sheet) -> Text:
    state = f"{each.state}" if each.stale_seconds is None else f"silent {spoken(each.stale_seconds)}"
    told = (
        decimal(each.connections),
        "-" if each.accepted is None else said(each.accepted),
        "-" if each.deliveries is None else said(each.deliveries),
        "-" if each.cpu is None else f"{each.cpu:.0%}",
        each.memory,
        f"{each.lag_seconds * 1000:.0f}ms",
    )
    name, state_width, *sizes = widths
    cells = [Cell(each.name, name, "bold"), Cell(state, state_width, _MOODS[each.mood] or "green")]
    cells += [Cell(text, size, right=True) for text, size in zip(told, sizes, strict=True)]
    return row(cells, sheet.glyphs)
