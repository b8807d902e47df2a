"""Tables on a terminal, with rich; the one module of the plain commands that imports it.

Cells are `Text` values, never markup: what a hostile name says in brackets stays what it is.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from notifyctl.showing.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.showing.output import Column, Record


_UNBOUNDED: Final = 100_000


def console(width: int | None = None) -> Console:
    """A console on stdout, as wide as the terminal unless *width* is given; NO_COLOR takes the colours away."""
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def cell(record: Record, column: Column) -> Text:
    """One cell in the style that its value asks for."""
    style = column.style if isinstance(column.style, str) else column.style.get(str(column.value(record)), "")
    shown = column.shown(record)
    return Text(shown, style="dim" if shown == "-" else style)


def print_records(records: Sequence[Record], columns: Sequence[Column]) -> None:
    """Print *records* under headers, without boxes.

    On a terminal that is too narrow the spare columns are left out, and then lines are longer than it: a cell that is
    broken in two can be neither read nor copied.
    """
    paper = console()
    shown = list(columns)
    while (width := _natural_width(table := _table(records, shown), paper)) > paper.width:
        spare = next((column for column in reversed(shown) if column.spare), None)
        if spare is None:
            break
        shown.remove(spare)
    console(width=max(width, paper.width)).print(table, crop=False)


def _table(records: Sequence[Record], columns: Sequence[Column]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.header, no_wrap=True, overflow="ignore")
    for record in records:
        table.add_row(*(cell(record, column) for column in columns))
    return table


def _natural_width(table: Table, paper: Console) -> int:
    return Measurement.get(paper, paper.options.update(max_width=_UNBOUNDED), table).maximum


def print_record(record: Record, columns: Sequence[Column]) -> None:
    """Print one record, a field a line."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for column in columns:
        table.add_row(column.header, cell(record, column))
    console().print(table)


def print_prose(records: Sequence[Record], columns: Sequence[Column], sentences: Sequence[str]) -> None:
    """Print *records*, a few *columns* of each and beside them the fields *sentences*, one below the other."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in columns:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for record in records:
        first, *others = (Text(safe(str(record[name]))) for name in sentences if record[name])
        table.add_row(*(cell(record, column) for column in columns), first)
        for other in others:
            table.add_row(*("" for _ in columns), Text("-> ").append(other))
    console().print(table)


def print_line(record: Record, columns: Sequence[Column]) -> None:
    """Print one record of a stream as one line; it may be wider than the terminal."""
    line = Text("  ").join(cell(record, column) for column in columns)
    console().print(line, soft_wrap=True)
