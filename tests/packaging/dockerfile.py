"""Dockerfiles and ignore files, as far as ours go."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Instruction(NamedTuple):
    """One instruction, with its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The argument as words, or as the list that it is."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def stages(text: str) -> list[list[Instruction]]:
    """The instructions from each FROM to the next; those before the first come with it."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", lines)
    found: list[list[Instruction]] = [[]]
    for line in filter(str.strip, joined.splitlines()):
        name, _, argument = line.partition(" ")
        if name == "FROM" and any(each.name == "FROM" for each in found[-1]):
            found.append([])
        found[-1].append(Instruction(name, argument.strip()))
    return found


def of(stage: list[Instruction], name: str) -> list[Instruction]:
    """Those with that name."""
    return [each for each in stage if each.name == name]


def pairs(instruction: Instruction) -> dict[str, str]:
    """NAME=VALUE pairs, of ENV and LABEL."""
    return dict(word.split("=", 1) for word in instruction.words)  # type: ignore[misc]


def context(root: Path, ignore: str, target: Path) -> None:
    """Copy to *target* what an ignore file lets in that refuses everything but what it names."""
    refused, *rest = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    assert refused == "*"
    again = [line.removeprefix("**/") for line in rest if not line.startswith("!")]
    for pattern in (line[1:] for line in rest if line.startswith("!")):
        for path in root.glob(pattern):
            place = target / path.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, place, ignore=shutil.ignore_patterns(*again), dirs_exist_ok=True)
            else:
                shutil.copy2(path, place)
