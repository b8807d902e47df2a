"""What an ack names."""

from __future__ import annotations

import pytest

from notifyd.errors import Invalid, NotFound
from notifyd.ingress.edge.acknowledged import check_known, named_ids
from notifyd.service.acks import Acked


def test_an_ack_names_one_or_several() -> None:
    assert named_ids("a", None) == ["a"]
    assert named_ids(None, ["a", "b"]) == ["a", "b"]


@pytest.mark.parametrize(("one", "several"), [(None, None), ("a", ["b"])])
def test_it_names_not_both_and_not_nothing(one: str | None, several: list[str] | None) -> None:
    with pytest.raises(Invalid) as refused:
        named_ids(one, several)
    assert refused.value.code == "invalid_message"


def test_one_that_nobody_knows_is_refused() -> None:
    with pytest.raises(NotFound) as refused:
        check_known("a", Acked(0, ("a",)))
    assert refused.value.code == "notification_not_found"


def test_of_several_those_that_nobody_knows_are_told_instead() -> None:
    check_known(None, Acked(1, ("a",)))
    check_known("a", Acked(0, ()))
