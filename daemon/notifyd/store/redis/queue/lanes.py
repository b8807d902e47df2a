"""Which lane a notification waits in, and how scripts are told. Pure."""

from __future__ import annotations

from typing import Final

from notifyd.model.notification import MAX_PRIORITY, Kind
from notifyd.store.ports import Lane

#: In the order in which scripts tell of them.
LANES: Final = (Lane.LIVE, Lane.PUSH, Lane.WEBHOOK)

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_CHANNEL: Final = Kind.CHANNEL
_PUSH: Final = Kind.PUSH
_WEBHOOK: Final = Kind.WEBHOOK
_LIVE: Final = Lane.LIVE

#: By lane, in the order of `LANES`: its letter and each priority in hexadecimal.
_WORDS: Final = tuple([[f"{lane.value[0]}{priority:x}" for priority in range(MAX_PRIORITY + 1)] for lane in LANES])


def lane_of(kind: Kind) -> Lane:
    """The lane that notifications of this kind wait in."""
    return _LIVE if kind is _CHANNEL else LANES[place_of(kind)]


def place_of(kind: Kind) -> int:
    """Its place in `LANES`."""
    if kind is _PUSH:
        return 1
    return 2 if kind is _WEBHOOK else 0


def lane_word(place: int, priority: int) -> str:
    """What a script is told of the lane at *place* in `LANES`, and of the priority."""
    return _WORDS[place][priority]
