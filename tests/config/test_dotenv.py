from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.config.dotenv import parse_dotenv


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("export A = 1 ", "1"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=a#b # c", "a#b"),
        ("A='a # b' # c", "a # b"),
        (r"A='a\nb'", r"a\nb"),
        (r'A="a\nb\t\"\\ # \$"', 'a\nb\t"\\ # $'),
        ('A="two\nlines"', "two\nlines"),
        ("A=1\r\n", "1"),
        ("A=1\nA=2", "2"),
        ("# A=3\n\n  A=it's", "it's"),
    ],
)
def test_dotenv_value(line: str, value: str):
    assert parse_dotenv(".env", line) == ({"A": value}, [])


def test_a_dotenv_line_that_is_no_variable_is_a_problem_and_no_end():
    variables, problems = parse_dotenv(".env", 'A=1\nwhat is this\nB="open\nC=2\n')
    assert variables == {"A": "1", "C": "2"}
    assert [str(problem) for problem in problems] == [
        ".env, line 2: must be NAME=value",
        ".env, line 3: must be NAME=value",
    ]


@given(st.text(alphabet="AB=\"'\\\n\r#  x", max_size=60))
def test_any_text_is_read_as_dotenv_to_its_end(text: str):
    variables, problems = parse_dotenv(".env", text + "\nLAST=1")
    assert variables.get("LAST") == "1" or problems or any("LAST=1" in value for value in variables.values())
