"""Every error code that the daemon's code can say, with the HTTP statuses of its kinds."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import notifyd
from notifyd.errors import NotifydError
from notifyd.ingress.faults import HTTP_STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(notifyd.__file__).parent


@cache
def error_codes() -> dict[str, set[int]]:
    """The codes; a code that no error class stands for has no status. All sources are read once in a process."""
    found: dict[str, set[int]] = defaultdict(set)
    kinds = {kind.__name__: kind for kind in _kinds()}
    for kind in kinds.values():
        found[kind.code].add(_status(kind))
    for path in SOURCES.rglob("*.py"):
        if path.parent.name != "v1":
            source = path.read_text(encoding="utf-8")
            for name, code in _said(source):
                found[code] |= {_status(kinds[name])} if name in kinds else set()
            for code in re.findall(r'"code":"(\w+)"', source):
                found[code] |= set()
    return dict(found)


def _kinds() -> list[type[NotifydError]]:
    for module in pkgutil.walk_packages(notifyd.__path__, "notifyd."):
        if ".v1." not in module.name:
            importlib.import_module(module.name)
    kinds, seen = [NotifydError], []
    while kinds:
        kind = kinds.pop()
        seen.append(kind)
        kinds += kind.__subclasses__()
    return [kind for kind in seen if kind.__module__.startswith("notifyd.")]


def _status(kind: type[NotifydError]) -> int:
    return next(HTTP_STATUS[base] for base in kind.__mro__ if base in HTTP_STATUS)


def _said(source: str) -> Iterator[tuple[str, str]]:
    """`Kind(..., code="word")`, also with one word or another, and `_refusal` or `error_body(..., "word", ...)`."""
    if not any(word in source for word in ("code=", "_refusal(", "error_body(")):
        return  # to parse all of them takes a second
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        values = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if name in ("_refusal", "error_body"):
            values += node.args
        values += [one for value in values if isinstance(value, ast.IfExp) for one in (value.body, value.orelse)]
        for value in values:
            word = value.value if isinstance(value, ast.Constant) else None
            if isinstance(word, str) and word.isidentifier():
                yield name, word
