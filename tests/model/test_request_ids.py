"""Which ids of requests are taken, and which are made."""

import pytest

from notifyd.model.request_ids import new_request_id, usable_request_id


@pytest.mark.parametrize("sent", ["a", "checkout-8841", "01HZX/2:a+b=@c_d.e", "x" * 128])
def test_what_may_stand_in_headers_and_logs_is_taken(sent: str):
    assert usable_request_id(sent) == sent


@pytest.mark.parametrize(
    "sent",
    ["", "x" * 129, "two words", "line\nbreak", "\x1b[31m", "naïve", None, True, 1.5, b"a", ["a"], 1 << 64],
)
def test_nothing_else_is(sent: object):
    assert usable_request_id(sent) == ""


@pytest.mark.parametrize(("sent", "named"), [(0, "0"), (-7, "-7"), (1 << 63, "9223372036854775808")])
def test_numbers_are_taken_in_decimal(sent: int, named: str):
    assert usable_request_id(sent) == named


def test_made_ones_differ_and_would_be_taken():
    made = {new_request_id() for _ in range(100)}
    assert len(made) == 100
    assert {usable_request_id(each) for each in made} == made
