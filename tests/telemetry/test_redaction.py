"""What a record may say."""

from __future__ import annotations

import enum
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.telemetry.redaction import MAX_TEXT, exception_text, hides, plain, plain_fields


@pytest.mark.parametrize(
    "name",
    [
        "token", "admin_token", "apiKey", "api_key", "X-API-Key", "client_secret", "Authorization", "password",
        "cookie", "private_key", "digest", "data", "payload", "data_json", "metadata", "body", "pwd", "new_data",
    ],
)  # fmt: skip
def test_names_that_are_hidden(name: str) -> None:
    assert plain_fields({name: "precious"}) == {name: "***"}


@pytest.mark.parametrize("name", ["key_id", "data_bytes", "database", "event", "code", "client_id", "connections"])
def test_names_that_are_shown(name: str) -> None:
    assert not hides(name)


def test_an_absent_secret_is_shown_as_absent() -> None:
    assert plain_fields({"token": None}) == {"token": None}


def test_what_is_inside_is_hidden_too() -> None:
    assert plain_fields({"request": {"headers": [{"authorization": "Bearer x"}]}}) == {
        "request": {"headers": [{"authorization": "***"}]}
    }


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"abc", "3 bytes"),
        (memoryview(b"abcd"), "4 bytes"),
        (2**70, str(2**70)),
        (-7, -7),
        (True, True),
        (1.5, 1.5),
        ((1, "a"), [1, "a"]),
        (Colour.RED, "Colour.RED"),
        ("\udc80", "\\udc80"),
        ({1: 2}, {"1": 2}),
        ([[[[[1]]]]], [[[["..."]]]]),
    ],
)
def test_values_become_plain(value: Any, shown: Any) -> None:
    assert plain(value) == shown


def test_texts_and_lists_are_bounded() -> None:
    assert plain("x" * (MAX_TEXT + 5)).endswith("... 5 more")
    assert plain(list(range(60)))[-1] == "... 10 more"
    assert plain_fields({f"n{n}": n for n in range(60)})["more"] == 10


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))  # fmt: skip
def test_anything_can_be_encoded(value: Any) -> None:
    msgspec.json.decode(msgspec.json.encode(plain_fields({"x": value, "nan": math.nan})))


def test_a_traceback_is_told_from_its_end() -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        raise ValueError("é" + "x" * 9000)

    with pytest.raises(ValueError, match="x") as problem:
        deep(3)
    text = exception_text(problem.value)
    assert text.startswith("... ")
    assert text.endswith("xxx")
    assert len(text) < 9000


def test_every_way_to_give_an_exception() -> None:
    problem = ValueError("odd")
    assert "ValueError: odd" in exception_text(problem)
    assert "ValueError: odd" in exception_text((ValueError, problem, None))
    assert exception_text(None) == ""
    assert exception_text((None, None, None)) == ""
    try:
        raise problem
    except ValueError:
        assert "ValueError: odd" in exception_text(exc_info=True)
