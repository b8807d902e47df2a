"""Searching records for a pattern in time that grows with the text alone, whatever the pattern.

Python's `re` backtracks and holds the interpreter's lock while it does: one unlucky pattern would stop the daemon, and
no thread or deadline could help. Here `re` decides about single characters only; sequences, alternatives and
repetitions are an automaton whose states are made when they are first reached.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from notifyd.telemetry.pattern_parser import Jump, Look, Match, Program, Test, compile_program

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_MOVES: Final = 5_000
_WORD: Final = re.compile(r"\w")
_PLAIN: Final = re.compile(r'[\w\s"\',:;/=<>@#%&!~`-]*')

_Before = Literal["start", "word", "other"]


class Pattern:
    """A compiled pattern: the syntax of `re` without back-references, look-around and named groups."""

    def __init__(self, pattern: str) -> None:
        """Compile *pattern*.

        Raises:
            ValueError: it is too long, or no pattern; the message says where.
        """
        self._program: Program = compile_program(pattern)
        self._plain = pattern if _PLAIN.fullmatch(pattern) else None
        self._states: dict[tuple[frozenset[int], _Before], _State] = {}
        self._moves = 0

    def search(self, text: str) -> bool:
        """Whether *text* holds what the pattern describes. One thread at a time."""
        if self._plain is not None:
            return self._plain in text
        state = self._state(frozenset((0,)), "start")
        for character in text:
            following = state[character]
            if following is None:
                return True
            state = following
        return self._matched(self._closure(state.indexes, state.before, ""))

    def step(self, state: _State, character: str) -> _State | None:
        """The state after *character*, or None where the pattern has matched before it."""
        reached = self._closure(state.indexes, state.before, character)
        if self._matched(reached):
            return None
        following = {0}  # a match may begin anywhere
        for index in reached:
            step = self._program[index]
            if isinstance(step, Test) and step.accepts(character):
                following.add(index + 1)
        return self._state(frozenset(following), "word" if _WORD.match(character) else "other")

    def _state(self, indexes: frozenset[int], before: _Before) -> _State:
        self._moves += 1
        if self._moves > _MAX_MOVES:
            self._states.clear()  # forgetting costs time, never the answer
            self._moves = 0
        key = (indexes, before)
        if key not in self._states:
            self._states[key] = _State(self, indexes, before)
        return self._states[key]

    def _matched(self, reached: set[int]) -> bool:
        return any(isinstance(self._program[index], Match) for index in reached)

    def _closure(self, indexes: Iterable[int], before: _Before, following: str) -> set[int]:
        """Everything that can be reached from *indexes* without reading a character."""
        seen: set[int] = set()
        stack = list(indexes)
        while stack:
            index = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            step = self._program[index]
            if isinstance(step, Jump):
                stack.extend(step.targets)
            elif isinstance(step, Look) and _holds(step.kind, before, following):
                stack.append(index + 1)
        return seen


class _State(dict[str, "_State | None"]):
    """Where the automaton may be at once, and where each character leads, as far as that was ever asked."""

    __slots__ = ("_pattern", "before", "indexes")

    def __init__(self, pattern: Pattern, indexes: frozenset[int], before: _Before) -> None:
        super().__init__()
        self._pattern = pattern
        self.indexes = indexes
        self.before: _Before = before

    def __missing__(self, character: str) -> _State | None:
        following = self[character] = self._pattern.step(self, character)
        return following


def _holds(kind: str, before: _Before, following: str) -> bool:
    if kind == "^":
        return before == "start"
    if kind == "$":
        return not following
    boundary = (before == "word") != bool(following and _WORD.match(following))
    return boundary if kind == "b" else not boundary
