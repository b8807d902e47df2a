"""Write config.example.toml and notifyd.toml(5) from the declarations of the settings.

Run it after a change to daemon/notifyd/config; `--check` writes nothing and exits 1 if a file is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from notifyd.config.catalogue import TABLES, catalogue, sections, service_names, table_keys
from notifyd.config.example import SECTIONS_BEFORE, facts, render_example
from notifyd.config.values import to_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notifyd.config.catalogue import Entry

ROOT = Path(__file__).resolve().parent.parent
_WIDTH = 72  # of an input line; escapes make it longer, and 80 is where the lint complains
_TEMPLATE = Path(__file__).with_name("notifyd.toml.5.in")


def outputs() -> dict[Path, str]:
    """Every generated file with the content that it should have."""
    return {ROOT / "config.example.toml": render_example(), ROOT / "man" / "notifyd.toml.5": render_manual()}


def render_manual() -> str:
    """The text of notifyd.toml(5)."""
    page = _TEMPLATE.read_text(encoding="utf-8")
    return page.replace("@SETTINGS@\n", "".join(_settings())).replace("@SERVICE@\n", "".join(_service()))


def roff(text: str) -> str:
    """*text* with everything escaped that roff would read as its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\`")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def _settings() -> Iterator[str]:
    for section, declaration in sections().items():
        keys = (entry for entry in catalogue().values() if entry.section == section)
        yield from _section(f"[{section}]", declaration.__doc__ or "", keys)
        if table := SECTIONS_BEFORE.get(section):
            yield from _section(f"[[{table}]]", TABLES[table].__doc__ or "", table_keys(table).values())


def _section(title: str, doc: str, entries: Iterable[Entry]) -> Iterator[str]:
    yield f".Ss {title}\\&\n{_prose(doc)}.Bl -tag -width 4n\n"
    for entry in entries:
        yield f".It Ic {entry.name}{_default(entry)}\n{_prose(entry.setting.doc)}{_facts(entry)}"
    yield ".El\n"


def _default(entry: Entry) -> str:
    empty = entry.default is None or entry.setting.follows
    return "" if empty or entry.required else f" No = Li {_argument(to_toml(entry.default))}"


def _facts(entry: Entry) -> str:
    found = "".join(_prose(fact) for fact in facts(entry))
    return found + (_prose("Changes on reload.") if entry.setting.reload else "")


def _prose(text: str) -> str:
    # mdoc wants a new line after each sentence; none of ours has a full stop inside but before a space
    sentences = " ".join(text.split()).replace(". ", ".\n").splitlines()
    lines = [line for sentence in sentences for line in wrap(sentence, _WIDTH, break_on_hyphens=False)]
    return "".join(roff(line) + "\n" for line in lines)


def _argument(text: str) -> str:
    return '"' + roff(text).replace('"', "\\(dq") + '"'


def _service() -> Iterator[str]:
    for name, entry in service_names().items():
        unit = " in milliseconds" if entry.setting.milliseconds else ""
        yield f".It Ev {name}\n.Ic {entry.path}{unit and f' No{unit}'}\n"


def main() -> int:
    """Write the files, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not up to date")
    check = parser.parse_args().check
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not up to date: run man/generate.py\n")
        else:
            path.write_text(outputs()[path], encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
