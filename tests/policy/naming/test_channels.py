from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.errors import Invalid
from notifyd.policy.naming.channels import MAX_CHANNEL_LENGTH, check_channel


@pytest.mark.parametrize("name", ["orders", "a b", "größe/1", "*", "日本", "x" * MAX_CHANNEL_LENGTH])
def test_a_printable_name_is_good(name: str) -> None:
    assert check_channel(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "must not be empty"),
        ("x" * (MAX_CHANNEL_LENGTH + 1), "has 201 characters, at most 200 are allowed"),
        ("a\nb", "control characters"),
        ("a\x00", "control characters"),
        ("a\u2028b", "unprintable"),
        ("\ud800", "unprintable"),
    ],
)
def test_other_names_are_refused(name: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        check_channel(name)
    assert refused.value.code == "invalid_channel"


def test_the_bound_is_a_setting() -> None:
    assert check_channel("x" * 300, max_length=300)
    with pytest.raises(Invalid, match="has 4 characters, at most 3"):
        check_channel("xxxx", max_length=3)


@given(st.text(alphabet=st.characters(), max_size=250))
def test_what_passes_can_be_written_in_utf_8_on_one_line(name: str) -> None:
    try:
        check_channel(name)
    except Invalid:
        return
    assert name.encode()
    assert len(name.splitlines()) == 1
