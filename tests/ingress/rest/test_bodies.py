"""Bodies that are not as they should be, and which fields are named."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import Meta, Raw, Struct, field

from notifyd.ingress.edge.rest.bodies import sift


class Form(Struct, rename="camel"):
    """A body."""

    first_name: str
    age: Annotated[int, Meta(ge=0)] = 0
    tags: list[str] = []
    data: Raw = field(default_factory=Raw)


def problems(body: bytes) -> dict[str, str]:
    return dict(sift(body, Form)[1])


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{}", {"firstName": "is missing"}),
        (b'{"firstName":1,"age":-1}', {"firstName": "Expected `str`, got `int`", "age": "Expected `int` >= 0"}),
        (b'{"firstName":"x","tags":["a",1]}', {"tags[1]": "Expected `str`, got `int`"}),
        (b'{"firstName":"x","unknown":1,"data":{"a":[1]}}', {}),
        (b'{"firstName":null}', {"firstName": "Expected `str`, got `null`"}),
    ],
)
def test_every_wrong_field_is_named_once(body: bytes, named: dict[str, str]) -> None:
    assert problems(body) == named


def test_the_sound_fields_are_given() -> None:
    sound, _ = sift(b'{"firstName":5,"age":7,"data":{"a" : 1}}', Form)
    assert sound.pop("data") == Raw(b'{"a" : 1}')
    assert sound == {"age": 7}


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'{"firstName":', b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_object_has_no_fields(body: bytes) -> None:
    found: tuple[dict[str, Any], list[Any]] = sift(body, Form)
    assert found == ({}, [])


def test_a_field_that_is_nested_too_deep_is_named() -> None:
    body = b'{"firstName":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert set(problems(body)) <= {"firstName"}
