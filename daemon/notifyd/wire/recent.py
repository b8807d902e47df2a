"""Frames made a moment ago: those who ack read one after the other, and most of them the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.publication import Publication

_FRAMES: Final = 128
_BYTES: Final = 1 << 20


class RecentFrames:
    """An encoder that remembers what it made last of channels' publications. Others differ by receiver."""

    __slots__ = ("_bytes", "_encode", "_frames")

    def __init__(self, encode: Callable[[Publication], bytes]) -> None:
        self._encode = encode
        self._frames: dict[tuple[str, str, int], bytes] = {}
        self._bytes = 0

    def __call__(self, publication: Publication) -> bytes:
        """The frame of a publication."""
        if publication.inbox is not None or publication.attempt > 1:
            return self._encode(publication)
        key = (publication.notification.id, publication.epoch, publication.offset)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._encode(publication)
            self._bytes += len(frame)
            while self._bytes > _BYTES or len(self._frames) > _FRAMES:
                self._bytes -= len(self._frames.pop(next(iter(self._frames))))
        return frame
