"""`make bench`: measure, print one table (Markdown, as it stands in README), keep the figures as JSON.

Needs cc; wrk for REST; node and npm `ws` (tests/interop) for the comparison with it. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measures import ALL
from tests.bench.processes import BUILD, node_is_there, raise_limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.figures import Figure


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(ALL), help="one kind of measurement; repeatable")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=BUILD / "result.json", help="where the figures go")
    parser.add_argument("--into", type=Path, help="a Markdown file that gets the table, between its bench comments")
    given = parser.parse_args()
    raise_limits()
    figures: list[Figure] = []
    for name in given.only or runnable():
        figures += ALL[name](given.rounds, say)
    print(table(figures))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(document(figures), indent=2) + "\n", encoding="utf-8")
    say(f"figures: {given.json}")
    if given.into:
        insert(given.into, table(figures))
    return 0


def runnable() -> list[str]:
    """What can be measured with the programs that are here."""
    if shutil.which("cc") is None:
        say("cc is missing: it compiles the load client")
        return ["times"]
    if not node_is_there():
        say("node or tests/interop/node_modules/ws is missing: nothing is compared with Node's ws")
    if shutil.which("wrk") is None:
        say("wrk is missing: REST is left out")
        return [name for name in ALL if name != "rest"]
    return list(ALL)


def table(figures: Iterable[Figure]) -> str:
    """Everything in one table."""
    rows = [
        ["Measured", "Unit", "notifyd", "Beside it", "", "Ratio", "Aim"],
        ["---", "---", "--:", "---", "--:", "--:", "---"],
    ]
    for figure in figures:
        other = "" if figure.other is None else _number(figure.other)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        rows.append(
            [figure.name, figure.unit, _number(figure.ours), figure.beside if other else "", other, ratio, figure.aim]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def insert(page: Path, lines: str) -> None:
    """Put the table between the comments of *page* that mark its place."""
    text = page.read_text(encoding="utf-8")
    changed, places = re.subn(
        r"(<!-- bench[^>]*-->\n).*(<!-- /bench -->)", rf"\1\n{lines}\n\n\2", text, flags=re.DOTALL
    )
    if places != 1:
        raise SystemExit(f"{page} has no place for the table")
    page.write_text(changed, encoding="utf-8")


def document(figures: Iterable[Figure]) -> dict[str, object]:
    """Everything for programs."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    return {"machine": machine, "figures": [figure._asdict() | {"ratio": figure.ratio} for figure in figures]}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def say(sentence: str) -> None:
    """Progress, beside the result."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
