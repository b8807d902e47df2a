"""Positions in a channel's history as operators write them."""

from __future__ import annotations

from notifyd.v1 import types_pb2


def position(text: str) -> types_pb2.StreamPosition:
    """The position `EPOCH:OFFSET`.

    Raises:
        ValueError: it is none.
    """
    epoch, _, offset = text.rpartition(":")
    if not epoch or not offset.isascii() or not offset.isdecimal() or int(offset) >= 2**63:
        raise ValueError(f"{text!r} is no position; write EPOCH:OFFSET, as `notifyctl channels show` tells them")
    return types_pb2.StreamPosition(epoch=epoch, offset=int(offset))


def spelled(place: types_pb2.StreamPosition) -> str:
    """*place* as `EPOCH:OFFSET`."""
    return f"{place.epoch}:{place.offset}"
