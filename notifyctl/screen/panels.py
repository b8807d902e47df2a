"""The panels that every service has, each as so many lines of so many cells."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from notifyctl.screen import views
from notifyctl.screen.glyphs import gauge, spark
from notifyctl.screen.rate_rows import RateRow, rate_rows, said
from notifyctl.screen.sheet import BAR, FAINT, HEADER, Cell, Sheet, bar, chip, heading, row
from notifyctl.screen.sheet import said as words
from notifyctl.showing.text import safe
from notifyctl.values.moments import spoken
from notifyctl.values.sizes import binary, decimal

#: A column is at least so wide before it has figures that one can do without.
_ROOMY: Final = 56


def rates(sheet: Sheet, width: int, height: int) -> list[Text]:
    """Counters per second, with what they did lately."""
    rows = rate_rows(sheet.figures, sheet.look, height - 1)
    label = 16 if width >= _ROOMY else 14
    roomy = width >= _ROOMY
    figure, peak, total = 7, 7 if roomy else 0, 7 if width >= 44 else 0
    bars = width - label - figure - peak - total - 2 * (2 + bool(peak) + bool(total))
    shown = max((len(each.values) for each in rows), default=0)
    span = f"last {spoken(min(bars, shown) * sheet.figures.seconds)}" if shown > 1 else ""
    first = row(
        [
            Cell("per second", label, "bold"),
            Cell("now", figure, HEADER, right=True),
            Cell(span, bars, HEADER, right=True),
            Cell("peak", peak, HEADER, right=True),
            Cell("in all", total, HEADER, right=True),
        ],
        sheet.glyphs,
    )
    return [first, *(_rate(each, (label, figure, bars, peak, total), sheet) for each in rows)]


def _rate(each: RateRow, widths: tuple[int, ...], sheet: Sheet) -> Text:
    label, figure, bars, peak, total = widths
    harm = "red" if each.bad else ""
    return row(
        [
            Cell(each.label, label, harm),
            Cell(each.now, figure, "bold red" if each.bad and each.values[-1] else "bold", right=True),
            Cell(spark(each.values, bars, sheet.glyphs), bars, harm or BAR),
            Cell(each.peak, peak, FAINT, right=True),
            Cell(each.total, total, FAINT, right=True),
        ],
        sheet.glyphs,
    )


def queue(sheet: Sheet, width: int, height: int) -> list[Text]:
    """What waits, by priority, against the bounds."""
    view = views.queue(sheet.look)
    bound = f" of {decimal(view.most)}" if view.most else ""
    paused = chip("PAUSED", "bad") if view.paused else Text()
    oldest = f"oldest {spoken(view.oldest)}" if view.oldest is not None else ""
    lines = [heading("queue", width, sheet.glyphs, words(f"{decimal(view.waiting)}{bound}"), paused, oldest)]
    share = f"{view.share:.0%} full"
    fill = bar(view.share, max(4, min(30, width - len(share) - 2)), view.mood, sheet.glyphs)
    states = f"ready {decimal(view.ready)}  scheduled {decimal(view.scheduled)}  leased {decimal(view.leased)}"
    state = fill.append("  ").append_text(words(share, view.mood))
    if state.cell_len + 2 + len(states) <= width:
        lines.append(state.append(f"  {states}"))
    else:
        lines += [state, Text(states)]
    if len(lines) + len(view.priorities) > height:
        return [*lines, *_short_priorities(view, width, sheet)][:height]
    most = max((count for _, count in view.priorities), default=0)
    for priority, count in view.priorities:
        label = Cell(f"priority {priority}", 11)
        room = max(0, min(30, width - 22))
        line = row([label, Cell(decimal(count), 6, "bold", right=True)], sheet.glyphs).append("  ")
        lines.append(line.append_text(_plain_bar(count / most, room, sheet)))
    return lines[:height]


def _short_priorities(view: views.QueueView, width: int, sheet: Sheet) -> list[Text]:
    """All of them on one line: how many each has, or at least how they compare."""
    line = Text().append("priority", FAINT)
    for priority, count in view.priorities:
        line.append(f"  {priority}:", FAINT).append(decimal(count), "bold")
    if line.cell_len > width:
        counts = dict(view.priorities)
        shape = spark([counts.get(priority, 0) for priority in range(10, 0, -1)], 10, sheet.glyphs)
        line = Text.assemble(("priority 10 ", FAINT), (shape, BAR), (" 1", FAINT))
    return [line]


def _plain_bar(share: float, width: int, sheet: Sheet) -> Text:
    return Text(gauge(share, width, sheet.glyphs)[0], BAR)


def connections(sheet: Sheet, width: int, height: int) -> list[Text]:
    """Who is there, by transport."""
    stats = sheet.look.stats
    counts = sorted(stats["connectionsByTransport"].items(), key=lambda each: (-each[1], each[0]))
    total = stats["connections"]
    facts = [
        f"{decimal(total)}",
        f"{decimal(stats['subscriptions'])} subscriptions",
        f"{decimal(stats['channels'])} channels",
    ]
    if height == 1 and counts:
        facts[1:] = [" ".join(f"{safe(name)} {decimal(count)}" for name, count in counts)]
    lines = [heading("connections", width, sheet.glyphs, *facts)]
    room = max(0, min(30, width - 22))
    for name, count in counts:
        cells = [Cell(safe(name), 11), Cell(decimal(count), 6, "bold", right=True)]
        lines.append(row(cells, sheet.glyphs).append("  ").append_text(_plain_bar(count / total, room, sheet)))
    return lines[:height]


def channels(sheet: Sheet, width: int, height: int) -> list[Text]:
    """The channels that stand out."""
    rows = views.channels(sheet.look, sheet.order)
    order = "by rate" if sheet.order == "rate" else "by subscribers"
    first = heading("channels", width, sheet.glyphs, order if rows else "none")
    name = width - 10 - 8 - 4
    lines = [first]
    if rows and height > min(3, len(rows) + 1):
        header = [Cell("", name), Cell("per second", 10, HEADER, right=True), Cell("subscr.", 8, HEADER, right=True)]
        lines.append(row(header, sheet.glyphs))
    lines += [
        row(
            [
                Cell(each.name, name),
                Cell(said(each.per_second), 10, "bold" if each.per_second else FAINT, right=True),
                Cell(decimal(each.subscribers), 8, right=True),
            ],
            sheet.glyphs,
        )
        for each in rows
    ]
    return lines[:height]


def kept(sheet: Sheet, width: int, height: int) -> list[Text]:
    """What is kept for later."""
    stats = sheet.look.stats
    figures = (
        ("history", stats["historyPublications"], stats["historyBytes"], f"in {decimal(stats['historyChannels'])}"),
        ("inboxes", stats["inboxNotifications"], stats["inboxBytes"], f"of {decimal(stats['inboxUsers'])}"),
        ("dead letters", stats["deadLetters"], stats["deadLetterBytes"], ""),
        ("not acked", stats["unacked"], None, ""),
        ("outboxes", None, stats["outboxBytes"], ""),
    )
    lines = [heading("kept", width, sheet.glyphs)]
    for label, count, size, where in figures:
        bad = "bold red" if label == "dead letters" and count else "bold"
        lines.append(
            row(
                [
                    Cell(label, 12),
                    Cell("" if count is None else decimal(count), 6, bad, right=True),
                    Cell("" if size is None else binary(size), 10, right=True),
                    Cell(where, 8 if width >= 42 else 0, FAINT),
                ],
                sheet.glyphs,
            )
        )
    return lines[:height]
