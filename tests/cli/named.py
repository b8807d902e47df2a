"""Which options of which command stand in the examples and in the tests."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.examples.runs import MORE
from tests.cli.leaves import LEAVES, examples, options, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDERS = [Path(__file__).resolve().parents[1] / name for name in ("cli", "docs")]
_NOUNS = {path.split()[1] for path in LEAVES}


def named() -> dict[str, set[str]]:
    """By the path of each command, the first names of its options that occur."""
    found: dict[str, set[str]] = {path: set() for path in LEAVES}
    for words in itertools.chain(_in_examples(), _in_tests()):
        path = path_of(words)
        if path:
            given = {word.partition("=")[0] for word in words}
            found[path] |= {
                option.opts[0] for option in options(path) if given & {*option.opts, *option.secondary_opts}
            }
    return found


def _in_examples() -> Iterator[list[str]]:
    for line in itertools.chain.from_iterable([*examples().values(), MORE]):
        for call in re.finditer(r"\bnotifyctl ([^|&)>]*)", line):
            yield shlex.split(call.group(1))


def _in_tests() -> Iterator[list[str]]:
    for file in itertools.chain.from_iterable(folder.rglob("*.py") for folder in _FOLDERS):
        source = file.read_text(encoding="utf-8")
        if any(f'"{noun}' in source for noun in _NOUNS):
            yield from _calls(ast.parse(source))


def _calls(tree: ast.Module) -> Iterator[list[str]]:
    """Whatever stands together in a call, a list or a tuple and begins as a command line does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            parts: list[ast.expr] = node.args
        elif isinstance(node, ast.List | ast.Tuple):
            parts = node.elts
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " -" in node.value:
            parts = [node]
        else:
            continue
        words = list(_words(parts))
        for start, word in enumerate(words):
            if word in _NOUNS:
                yield words[start:]
                break


def _words(parts: list[ast.expr]) -> Iterator[str]:
    for part in parts:
        match part:
            case ast.Constant(value=str(text)):
                yield from text.split() if " -" in text or len(parts) == 1 else [text]
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                yield from _words(elts)
            case _:
                yield "?"
