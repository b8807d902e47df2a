"""Which panels stand where, and how many lines each has. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Columns = tuple[tuple[tuple[str, ...], ...], tuple[float, ...]]
#: From these widths on there are two columns, and three.
TWO_COLUMNS: Final = 100
THREE_COLUMNS: Final = 170
#: Between columns.
GUTTER: Final = 3
#: What is given up first when lines are short stands last.
IMPORTANCE: Final = ("rates", "queue", "errors", "slow", "connections", "nodes", "channels", "kept")
#: Of the height that the panel across the bottom has for sure where there are columns above.
_BOTTOM_SHARE: Final = 0.35
#: What can be looked up elsewhere is left out of a single column that is lower.
_TALL: Final = 40
#: What stands in which column, and the share of the width that each has.
_TWO: Final[_Columns] = ((("rates", "queue"), ("connections", "channels", "slow", "nodes", "kept")), (0.56, 0.44))
_THREE: Final[_Columns] = (
    (("rates",), ("queue", "connections", "kept"), ("channels", "slow", "nodes")),
    (0.4, 0.27, 0.33),
)


@dataclass(frozen=True)
class Needs:
    """Lines that a panel has to have to be worth its place, its heading included, and those that it could fill."""

    least: int
    most: int


@dataclass(frozen=True)
class Place:
    """Where one panel stands."""

    panel: str
    height: int
    #: Lines that are left empty below it.
    gap: int = 0


@dataclass(frozen=True)
class Column:
    """Panels below each other."""

    width: int
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Plan:
    """Columns side by side, and below them one across the whole width."""

    columns: tuple[Column, ...]
    bottom: Column
    #: Lines of the columns.
    height: int


def planned(width: int, height: int, needs: Mapping[str, Needs]) -> Plan:
    """The best use of *width* by *height* cells for the panels that *needs* names."""
    if width < TWO_COLUMNS:
        order: tuple[str, ...] = ("rates", "queue", "connections", "slow", "errors", "nodes", "channels")
        order += ("kept",) if height >= _TALL else ()
        places = allotted(order, height, needs)
        return Plan((Column(width, places),), Column(width, ()), height)
    lists, shares = _TWO if width < THREE_COLUMNS else _THREE
    wanted = [sum(needs[name].most + 1 for name in names if name in needs) for names in lists]
    # what the columns do not fill is the log's
    columns_height = min(max(wanted), height - min(needs["errors"].most, int(height * _BOTTOM_SHARE)))
    bottom_height = height - columns_height
    space = width - GUTTER * (len(lists) - 1)
    widths = [int(space * share) for share in shares[:-1]]
    widths.append(space - sum(widths))
    columns = tuple(
        Column(each, allotted(names, columns_height, needs)) for each, names in zip(widths, lists, strict=True)
    )
    return Plan(columns, Column(width, (Place("errors", bottom_height),)), columns_height)


def allotted(names: Sequence[str], height: int, needs: Mapping[str, Needs]) -> tuple[Place, ...]:
    """The panels *names*, in this order, within *height* lines; an empty line stands between two where there is room.

    First the more important ones get what they have to have, then all get more in turn.
    """
    ranked = sorted((name for name in names if name in needs), key=IMPORTANCE.index)
    lines: dict[str, int] = {}
    left = height
    for name in ranked:
        if needs[name].least <= left:
            lines[name] = needs[name].least
            left -= needs[name].least
    gaps = max(0, len(lines) - 1)
    spaced = left >= gaps + sum(min(2, needs[name].most - count) for name, count in lines.items())
    left -= gaps if spaced else 0
    while left > 0:
        hungry = [name for name in ranked if name in lines and lines[name] < needs[name].most]
        if not hungry:
            break
        for name in hungry[:left]:
            lines[name] += 1
            left -= 1
    shown = [name for name in names if name in lines]
    return tuple(Place(name, lines[name], gap=int(spaced and name != shown[-1])) for name in shown)
