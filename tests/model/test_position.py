from __future__ import annotations

from notifyd.model.position import StreamPosition


def test_a_place_is_its_epoch_and_its_offset() -> None:
    assert StreamPosition("a", 1) == StreamPosition("a", 1)
    assert len({StreamPosition("a", 1), StreamPosition("a", 2), StreamPosition("b", 1)}) == 3
