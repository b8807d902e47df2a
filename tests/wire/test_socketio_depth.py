from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.wire.engineio import PacketInvalid
from notifyd.wire.socketio import PacketLimits, decode

TEXTS = st.text(st.sampled_from('a[]{}"\\\n'), max_size=6)
VALUES = st.recursive(
    TEXTS | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(VALUES, st.integers(0, 8))
def test_brackets_count_where_they_are_structure(value: Any, depth: int) -> None:
    event = ["name", value]
    packet = b"2" + msgspec.json.encode(event)
    if depth_of(event) <= depth:
        assert decode(packet, PacketLimits(max_depth=depth)).data == event
    else:
        with pytest.raises(PacketInvalid, match="nested too deeply"):
            decode(packet, PacketLimits(max_depth=depth))
