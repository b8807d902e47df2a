"""The cheat sheet: ready commands for the jobs that an operator has, from one data file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE: Final = "cheat.toml"
_WORDS: Final = re.compile(
    r"(?P<program>\b(?:notifyctl|notifyd)\b)"
    r"|(?P<blank>(?<![\w$-])[A-Z]{2,}(?:_[A-Z]+)*(?![\w=-]))"
    r"|(?P<option>(?<![\w-])--?[a-zA-Z][a-z-]*)"
    r"|(?P<quoted>'[^']*')"
)


@dataclass(frozen=True)
class Cheat:
    """One job and its command."""

    topic: str
    #: What the topic is about.
    title: str
    say: str
    run: str


@cache
def cheats() -> tuple[Cheat, ...]:
    """All of them, in the order of the sheet."""
    text = (resources.files("notifyctl.cheat") / _FILE).read_text(encoding="utf-8")
    return tuple(
        Cheat(topic["name"], topic["title"], job["say"], job["run"])
        for topic in tomllib.loads(text)["topic"]
        for job in topic["job"]
    )


def topics() -> list[str]:
    """The names of the topics, in the order of the sheet."""
    return list(dict.fromkeys(cheat.topic for cheat in cheats()))


def parts(command: str) -> Iterator[tuple[str, str]]:
    """*command* in pieces, each with what it is: program, option, quoted, blank (to be filled in), or nothing."""
    place = 0
    for found in _WORDS.finditer(command):
        if found.start() > place:
            yield command[place : found.start()], ""
        yield found.group(), found.lastgroup or ""
        place = found.end()
    if place < len(command):
        yield command[place:], ""
