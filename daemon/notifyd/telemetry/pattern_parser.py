"""From the text of a pattern to the program of its automaton."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

MAX_LENGTH: Final = 256
MAX_STEPS: Final = 1_000
_COUNTS = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")
# \x41 and \u0041 are one character; \1 would be a back-reference, \A and \Z are ^ and $
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[dDsSwWtnrfv]|[^0-9A-Za-z])")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


class Test(msgspec.Struct, frozen=True):
    """Read one character that fits."""

    accepts: Callable[[str], object]


class Jump(msgspec.Struct, frozen=True):
    """Go on at any of these."""

    targets: tuple[int, ...]


class Look(msgspec.Struct, frozen=True):
    """Go on where the place is right: `^`, `$`, `b` (a word's edge) or `B` (none)."""

    kind: str


class Match(msgspec.Struct, frozen=True):
    """The pattern has matched."""


Step = Test | Jump | Look | Match
Program = tuple[Step, ...]
# Targets are relative while pieces are put together, so that a piece may be repeated anywhere.
_Piece = list[Step]


def compile_program(pattern: str) -> Program:
    """The program of *pattern*.

    Raises:
        ValueError: it is too long, too big when its repetitions are written out, or no pattern.
    """
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"the pattern has {len(pattern)} characters, at most {MAX_LENGTH} are allowed")
    flags = re.DOTALL
    if pattern.startswith("(?i)"):
        flags, pattern = flags | re.IGNORECASE, pattern[4:]
    parser = _Parser(pattern, flags)
    piece = parser.alternatives()
    if parser.place < len(pattern):
        raise ValueError(f"unbalanced ) at position {parser.place}")
    return tuple(_absolute(step, index) for index, step in enumerate([*piece, Match()]))


def _absolute(step: Step, index: int) -> Step:
    return Jump(tuple(index + target for target in step.targets)) if isinstance(step, Jump) else step


class _Parser:
    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._flags = flags
        self.place = 0

    def alternatives(self) -> _Piece:
        piece = self._sequence()
        while self._next() == "|":
            self.place += 1
            other = self._sequence()
            piece = _bounded([Jump((1, len(piece) + 2)), *piece, Jump((len(other) + 1,)), *other])
        return piece

    def _sequence(self) -> _Piece:
        piece: _Piece = []
        while self._next() not in ("", "|", ")"):
            piece = _bounded(piece + self._repeated(self._atom()))
        return piece

    def _repeated(self, atom: _Piece) -> _Piece:
        while True:
            bounds = self._bounds()
            if bounds is None:
                return atom
            if self._next() == "?":
                self.place += 1  # lazy or greedy makes no difference to whether there is a match
            atom = _repeat(atom, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        mark = self._next()
        if mark in simple:
            self.place += 1
            return simple[mark]
        counts = _COUNTS.match(self._pattern, self.place)
        if counts is None:
            return None
        self.place = counts.end()
        least = int(counts[1])
        most = least if counts[2] is None else (None if counts[3] is None else int(counts[3]))
        if most is not None and most < least:
            raise ValueError(f"{counts[0]} asks for more than it allows")
        return least, most

    def _atom(self) -> _Piece:
        mark = self._next()
        if mark == "(":
            return self._group()
        if mark in "*+?":
            raise ValueError(f"nothing to repeat at position {self.place}")
        if mark in "^$":
            self.place += 1
            return [Look(mark)]
        if mark == "\\" and self._pattern[self.place + 1 : self.place + 2] in ("b", "B"):
            self.place += 2
            return [Look(self._pattern[self.place - 1])]
        return [self._character(mark)]

    def _group(self) -> _Piece:
        start = self.place
        self.place += 3 if self._pattern.startswith("(?:", start) else 1
        if self._next() == "?":
            raise ValueError(f"look-around, names and flags inside are not supported (position {start})")
        piece = self.alternatives()
        if self._next() != ")":
            raise ValueError(f"missing ) for the ( at position {start}")
        self.place += 1
        return piece

    def _character(self, mark: str) -> Test:
        text = mark
        if mark in "\\[":
            found = (_ESCAPE if mark == "\\" else _CLASS).match(self._pattern, self.place)
            if found is None:
                raise ValueError(f"cannot read {self._pattern[self.place : self.place + 2]!r} at position {self.place}")
            text = found[0]
        elif mark != ".":
            text = re.escape(mark)
        self.place += len(mark) if mark not in "\\[" else len(text)
        try:
            return Test(re.compile(text, self._flags).match)
        except re.error as exc:
            raise ValueError(f"cannot read {text!r}: {exc}") from exc

    def _next(self) -> str:
        return self._pattern[self.place : self.place + 1]


def _repeat(atom: _Piece, least: int, most: int | None) -> _Piece:
    piece: _Piece = []
    for _ in range(least):
        piece = _bounded(piece + atom)
    if most is None:
        return _bounded([*piece, Jump((1, len(atom) + 2)), *atom, Jump((-len(atom) - 1,))])
    for _ in range(most - least):
        piece = _bounded([*piece, Jump((1, len(atom) + 1)), *atom])
    return piece


def _bounded(piece: _Piece) -> _Piece:
    if len(piece) > MAX_STEPS:
        raise ValueError(f"the pattern is too big: {MAX_STEPS} steps are allowed, its repetitions written out")
    return piece
