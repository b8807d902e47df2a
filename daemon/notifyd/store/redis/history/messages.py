"""What nodes tell each other of a stream: JSON, a kind first and then a version."""

from __future__ import annotations

from typing import Final

import msgspec

from notifyd.model.publication import Publication
from notifyd.wire.stored import decode_notification

_VERSION: Final = 1


class Stamps(msgspec.Struct, frozen=True, array_like=True, tag="p", gc=False):
    """Publications, made by `stamp.lua`."""

    version: int
    epoch: str
    #: The offset of the first; the others follow without a gap.
    first: int
    #: [[stamped at, notification], ...]
    items: msgspec.Raw


class Withheld(msgspec.Struct, frozen=True, array_like=True, tag="w", gc=False):
    """One was given up, made by `withhold.lua`."""

    version: int
    epoch: str
    offset: int


class Forgotten(msgspec.Struct, frozen=True, array_like=True, tag="f", gc=False):
    """The stream begins anew, made by `forget.lua` and `read.lua`."""

    version: int


StreamMessage = Stamps | Withheld | Forgotten

_decode: Final = msgspec.json.Decoder(StreamMessage).decode
_items: Final = msgspec.json.Decoder(list[tuple[int, msgspec.Raw]]).decode


def decode_message(line: bytes) -> StreamMessage | None:
    """The message, or None for one of a version or kind that is not known here."""
    try:
        message = _decode(line)
    except msgspec.DecodeError:
        return None
    return message if message.version == _VERSION else None


def publications_in(stamps: Stamps, *, after: int) -> list[tuple[Publication, int]]:
    """Those beyond the offset *after*, each with the instant of its stamp.

    Raises:
        msgspec.DecodeError: one of them is of a version that is not known here.
    """
    start = max(0, after + 1 - stamps.first)
    offset, epoch = stamps.first + start, stamps.epoch
    found: list[tuple[Publication, int]] = []
    for stamped_at, stored in _items(stamps.items)[start:]:
        found.append((Publication(decode_notification(stored), epoch, offset), stamped_at))
        offset += 1
    return found
