from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid, TooLarge
from notifyd.policy.publishing.payload import check_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\[]{}\n \u00e9', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a"\\[{', max_size=3), inner, max_size=3),
    max_leaves=12,
)


def check(value: bytes, *, max_bytes: int = 10_000, max_depth: int = 64) -> bytes:
    return check_json(value, what="data", max_bytes=max_bytes, max_depth=max_depth)


def depth(value: Any) -> int:
    """The naive measure."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def fits(value: bytes, max_depth: int) -> bool:
    try:
        check(value, max_depth=max_depth)
    except Invalid as exc:
        return exc.code != "too_deep"
    return True


@given(VALUES, st.integers(1, 6), st.booleans())
def test_depth_is_what_recursion_finds(value: Any, bound: int, ascii_only: bool) -> None:
    assert fits(json.dumps(value, ensure_ascii=ascii_only).encode(), bound) == (depth(value) <= bound)


@given(VALUES, st.sampled_from([None, 0, 2]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_passes_is_the_same_value_on_one_line(value: Any, indent: int | None, end: str) -> None:
    written = json.dumps(value, indent=indent).replace("\n", end)
    checked = check(written.encode())
    assert json.loads(checked) == value
    assert len(checked.splitlines()) == 1


def test_a_value_on_one_line_is_carried_as_it_is() -> None:
    assert check(b'{"a": 1.0e0,  "b":"\\n"}') == b'{"a": 1.0e0,  "b":"\\n"}'


def test_the_bound_in_bytes() -> None:
    assert check(b'"12345678"', max_bytes=10)
    with pytest.raises(TooLarge, match="data has 11 bytes, at most 10 are allowed"):
        check(b'"123456789"', max_bytes=10)


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(Invalid, match=r"data is not UTF-8 \(byte 1\)") as refused:
        check(b'"\xff"')
    assert refused.value.code == "invalid_json"


def test_brackets_in_strings_do_not_nest() -> None:
    assert fits(rb'["[[[[\"[[[[", "\\"]', 1)


def test_many_brackets_side_by_side_do_not_nest() -> None:
    assert fits(b"[" + b",".join([b"[]"] * 1000) + b"]", 2)
