from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from notifyd.wire.json import encode, json_string


def test_one_encoder_for_everything() -> None:
    assert encode({"a": [1, None, "ü"]}) == '{"a":[1,null,"ü"]}'.encode()


@given(st.text())
def test_a_string_is_quoted_so_that_it_reads_back(text: str) -> None:
    assert json.loads(json_string(text)) == text
    assert b"\n" not in json_string(text)


@given(st.text(alphabet=st.characters()))
def test_every_text_can_be_said(text: str) -> None:
    assert json.loads(json_string(text)) == text.encode("utf-8", "replace").decode()


def test_what_utf_8_cannot_say_becomes_a_question_mark() -> None:
    assert json_string("a\ud800b") == b'"a?b"'
