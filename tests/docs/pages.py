"""Manual pages, as far as the tests have to understand them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAN = ROOT / "man"


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where *program* is missing, but never on a CI machine."""
    missing = shutil.which(program) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


def page(name: str) -> str:
    """The source of a page."""
    return (MAN / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What stands under the section or subsection *title*."""
    found = re.search(rf"^\.(Sh|Ss) {re.escape(title)}\n", text, re.MULTILINE)
    assert found, f"there is no section {title}"
    ends = r"^\.Sh " if found[1] == "Sh" else r"^\.S[hs] "
    end = re.search(ends, text[found.end() :], re.MULTILINE)
    return text[found.end() :][: end.start() if end else None]


def items(text: str, macro: str = "") -> dict[str, str]:
    """The tagged items of lists, `.It Ic NAME` for macro Ic, with what is said about each."""
    tag = rf"^\.It {macro + ' ' if macro else ''}(\S+)[^\n]*\n"
    parts = re.split(tag, text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def words(text: str) -> set[str]:
    """Every word of *text*."""
    return set(re.findall(r"[A-Za-z_][\w.-]*\w", text))
