from __future__ import annotations

import inspect

import pytest

from notifyd import errors
from notifyd.errors import (
    STORE_AWAY,
    Conflict,
    Exhausted,
    Invalid,
    NotifydError,
    QueueFull,
    StoreUnavailable,
    store_busy,
)

ALL = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, Exception)]


def test_an_error_carries_its_sentence_and_its_code() -> None:
    error = QueueFull("no room", retry_after_seconds=2)
    assert (str(error), error.message, error.code, error.retry_after_seconds) == ("no room", "no room", "queue_full", 2)
    assert isinstance(error, Exhausted)


def test_a_code_may_be_narrowed_for_one_error_alone() -> None:
    assert Invalid("x", code="invalid_channel").code == "invalid_channel"
    assert Invalid("x").code == "invalid_request"


def test_where_a_store_is_is_for_operators_alone() -> None:
    problem = StoreUnavailable("Redis at 10.0.0.7:6379 cannot be reached")
    assert problem.told == STORE_AWAY
    assert store_busy("it is on its way").told == "it is on its way"
    assert Conflict("it exists").told == "it exists"


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.__name__)
def test_each_kind_is_in_the_tree_with_a_word_of_its_own(each: type[NotifydError]) -> None:
    assert issubclass(each, NotifydError)
    assert each.code.replace("_", "").isalpha()
    assert [other.code for other in ALL].count(each.code) == 1
    assert each.__doc__
