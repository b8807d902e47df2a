from __future__ import annotations

import pytest

from notifyd.errors import FieldProblem, Invalid
from notifyd.policy.fields import check_named, refuse


def test_every_problem_is_told_in_the_sentence_and_by_field() -> None:
    problems = [FieldProblem("a", "is short"), FieldProblem("b", "is long")]
    with pytest.raises(Invalid, match=r"^a is short; b is long$") as refused:
        refuse(problems)
    assert (refused.value.code, refused.value.details) == ("invalid_request", tuple(problems))


def test_without_problems_nothing_is_refused() -> None:
    refuse([])
    check_named({"a": "x"})


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_empty_is_missing(value: str | None) -> None:
    with pytest.raises(Invalid, match=r"^a is missing; c is missing$"):
        check_named({"a": value, "b": "x", "c": value})
