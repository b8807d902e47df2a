"""Patterns: the answers of `re`, in linear time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.telemetry.pattern import Pattern

_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", r"\b", r"\B", "^", "$", r"\.", "é"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = inner.map(lambda pattern: f"(?:{pattern})")
    repeats = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,}", "*?", "+?"])
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(groups, repeats).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
    )


PATTERNS = st.recursive(_ATOMS, _grown, max_leaves=8)


@given(PATTERNS, st.text(alphabet="ab1. é", max_size=8))
def test_the_answer_is_that_of_re(pattern: str, text: str) -> None:
    assert Pattern(pattern).search(text) == bool(re.search(pattern, text, re.DOTALL))


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "anything", True),
        ("closed", "connection_closed", True),
        ("(?i)CLOSED", "connection_closed", True),
        ("(?i)[A-Z]d$", "closed", True),
        ('"code":4\\d{3}', '{"code":4008}', True),
        ('"code":4\\d{3}', '{"code":408}', False),
        ("a{", "a{", True),
        ("a{x}", "a{x}", True),
        ("]", "]", True),
        ("[]]", "]", True),
        ("[^]a]", "a", False),
        (r"\x41\u0042", "AB", True),
        (r"\$\(", "$(", True),
        ("a|", "b", True),
    ],
)
def test_what_operators_write(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).search(text) is found


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*b", "(.*a){10}", "(?:a?){20}" + "a{20}"])
def test_no_pattern_is_slow(pattern: str) -> None:
    began = time.process_time()
    Pattern(pattern).search("a" * 5000 + "!")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", r"missing \)"),
        (")", r"unbalanced \)"),
        ("a)b", r"unbalanced \) at position 1"),
        ("*", "nothing to repeat at position 0"),
        ("a|+", "nothing to repeat at position 2"),
        ("[a", "cannot read"),
        ("[b-a]", "bad character range"),
        ("\\", "cannot read"),
        (r"(a)\1", "cannot read"),
        ("(?=a)", "not supported"),
        ("(?P<n>a)", "not supported"),
        ("a{3,2}", "more than it allows"),
        ("(a{100}){100}", "too big"),
        ("x" * 257, "257 characters, at most 256"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Pattern(pattern)


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    try:
        Pattern(pattern).search("some text")
    except ValueError:
        return


def test_many_characters_do_not_make_it_grow() -> None:
    pattern = Pattern("[^x]*y")
    for start in range(0x100, 0x4000, 0x100):
        pattern.search("".join(map(chr, range(start, start + 0x100))))
    assert len(pattern._states) < 10
