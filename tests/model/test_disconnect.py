from __future__ import annotations

import msgspec
import pytest

from notifyd.model import disconnect
from notifyd.model.disconnect import Disconnect

ALL = [value for value in vars(disconnect).values() if isinstance(value, Disconnect)]


def test_codes_are_what_the_protocol_documents() -> None:
    theirs, ours = [1000, 1001, 1012, 1013], [4000, 4001, 4003, 4004, 4005, 4006, 4008, 4009]
    assert sorted({each.code for each in ALL}) == [*theirs, *ours]


@pytest.mark.parametrize("each", ALL, ids=lambda each: str(each.code))
def test_a_reason_fits_a_close_frame_and_says_what_to_do(each: Disconnect) -> None:
    assert 0 < len(each.reason.encode()) <= 123
    assert each.code == 1000 or ":" in each.reason


def test_who_was_refused_for_good_is_not_told_to_come_back() -> None:
    assert {each.code for each in ALL if not each.reconnect} == {1000, 4000, 4003, 4004, 4005}


def test_it_is_a_value() -> None:
    with pytest.raises(AttributeError):
        ALL[0].code = 1  # type: ignore[misc]
    assert msgspec.structs.replace(ALL[0]) == ALL[0]
