"""What can be wrong with a configuration, said so that it can be put right at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ConfigProblem(Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        message: what is wrong and what would be right.
        key: the key as it was written, or empty where the problem is that of a whole file.
        value: the value as it was written, or None where there is none to show.
        place: file and line, environment variable or flag.
        nearest: the right key that looks most like a wrong one.
    """

    message: str
    key: str = ""
    value: str | None = None
    place: str = ""
    nearest: str | None = None

    def __str__(self) -> str:
        """One line for a person."""
        subject = self.key if self.value is None else f"{self.key} = {self.value}"
        head = ": ".join(part for part in (self.place, subject) if part)
        tail = f"; the nearest key is {self.nearest}" if self.nearest else ""
        return f"{head}: {self.message}{tail}" if head else f"{self.message}{tail}"


class ConfigInvalid(Invalid):
    """The configuration cannot be used; `problems` names everything that is wrong with it, not only the first."""

    code = "config_invalid"

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def nearest(wrong: str, right: Iterable[str]) -> str:
    """The one of *right* that looks most like *wrong*, in whole and in its last part, its own section before others."""
    from difflib import SequenceMatcher

    wanted = wrong.lower()
    section, _, leaf = wanted.rpartition(".")

    def likeness(candidate: str) -> float:
        own_section, _, own_leaf = candidate.lower().rpartition(".")
        whole = SequenceMatcher(None, wanted, candidate.lower()).ratio()
        return 2 * whole + SequenceMatcher(None, leaf, own_leaf).ratio() + (section == own_section) / 2

    return max(right, key=likeness)
