"""Bars and lines, as far as the terminal can show them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Glyphs:
    """The characters that figures are drawn with."""

    #: Nothing, something, and so on up to the highest.
    levels: str
    #: A gauge: full, what is left of it, and the parts of one cell that are filled, from the least.
    full: str
    empty: str
    parts: str
    rule: str
    ellipsis: str


#: Sparks do not fill their line, and gauges are lines, so that rows below each other stay apart.
UNICODE: Final = Glyphs("▁▂▃▄▅▆▇", "━", "─", "╸", "─", "…")
ASCII: Final = Glyphs("_.:-=+*#", "#", ".", "", "-", "..")
#: Terminals whose fonts lack most of the others.
_POOR_TERMINALS: Final = ("linux", "vt100", "vt220")


def glyphs_for(environment: Mapping[str, str]) -> Glyphs:
    """Those that a terminal of this *environment* shows: plain ones where its locale is not UTF-8."""
    named = (environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    charset = next((value for value in named if value), "UTF-8").lower().replace("-", "")
    poor = environment.get("TERM", "") in _POOR_TERMINALS
    return UNICODE if "utf8" in charset and not poor else ASCII


def spark(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """The last *width* of *values* as a row of bars, the highest full and the newest on the right."""
    kept = values[-width:] if width > 0 else []
    top = max(kept, default=0.0)
    steps = len(glyphs.levels) - 1
    # what is more than nothing is seen, however little it is
    heights = [0 if value <= 0 else max(1, round(value / top * steps)) for value in kept]
    return "".join(glyphs.levels[height] for height in heights).rjust(width)


def gauge(share: float, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """A bar of *width* cells that is filled by *share*: its filled part, and the rest."""
    steps = len(glyphs.parts) + 1
    filled_steps = round(min(1.0, max(0.0, share)) * width * steps)
    if share > 0:
        # what is more than nothing is seen, however little it is
        filled_steps = max(1, filled_steps)
    whole, part = divmod(filled_steps, steps)
    filled = glyphs.full * whole + (glyphs.parts[part - 1] if part else "")
    return filled, glyphs.empty * (width - len(filled))


def fitted(text: str, width: int, glyphs: Glyphs, *, right: bool = False) -> str:
    """*text* in exactly *width* cells: cut with an ellipsis, or filled with spaces."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length <= width:
        return " " * (width - length) + text if right else text + " " * (width - length)
    mark = glyphs.ellipsis[:width]
    return set_cell_size(text, width - len(mark)) + mark
