"""Refusing a form for its fields, every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import FieldProblem, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def refuse(problems: Sequence[FieldProblem], *, code: str = Invalid.code) -> None:
    """Do nothing when there are none.

    Raises:
        Invalid: the message and the details tell all of them.
    """
    if problems:
        sentence = "; ".join(f"{problem.field} {problem.message}" for problem in problems)
        raise Invalid(sentence, code=code, details=problems)


def check_named(fields: Mapping[str, str | None]) -> None:
    """Pass when each of *fields* was sent.

    Raises:
        Invalid: some are missing or empty.
    """
    refuse([FieldProblem(name, "is missing") for name, value in fields.items() if not value])
