"""Answers that a cache asks for again."""

from __future__ import annotations

import pytest

from notifyd.ingress.edge.rest.conditional import conditional
from tests.ingress.rest.calls import call_of

TAG = b'"abc"'


@pytest.mark.parametrize("sent", ['"abc"', 'W/"abc"', '"x", "abc"', "*", ' "x" ,W/"abc" '])
def test_who_has_it_is_sent_nothing(sent: str) -> None:
    answer = conditional(call_of(if_none_match=sent), b"body", b"text/plain", TAG)
    assert (answer.status, answer.body, dict(answer.headers)[b"ETag"]) == (304, b"", TAG)


@pytest.mark.parametrize("sent", ["", '"x"', "abc", '"abc'])
def test_who_has_another_is_sent_it(sent: str) -> None:
    answer = conditional(call_of(if_none_match=sent), b"body", b"text/plain", TAG, ((b"A", b"b"),))
    assert (answer.status, answer.body) == (200, b"body")
    assert dict(answer.headers) == {b"A": b"b", b"ETag": TAG, b"Cache-Control": b"no-cache"}
