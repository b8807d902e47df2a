"""Reading what a server sends over WebSocket, at a cost that does not hide the server's own. Pure.

wsproto's frame layer takes twenty microseconds for each frame, several times what the daemon takes to send it. Here
frames are found and not unpacked: what a server sends is never masked, and ours never splits a message.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
#: The largest frame that is read, as `listen --url` has it.
_LARGEST_BYTES: Final = 64 * 1024 * 1024
_FINAL_BIT: Final = 0x80
_MASK_BIT: Final = 0x80
_RESERVED_BITS: Final = 0x70


class Broken(Exception):
    """The bytes are no WebSocket frames that notifyd would send."""


class Scanner:
    """Finds the frames in what is received, whatever the pieces it comes in."""

    def __init__(self) -> None:
        #: What the places that `feed` tells lie in.
        self.buffer = b""
        self._done = 0

    def feed(self, received: bytes) -> Iterator[tuple[int, int, int]]:
        """The opcode and the place in `buffer` of each whole frame's payload; what is left waits for the next piece.

        Raises:
            Broken: these are no frames.
        """
        data = self.buffer = self.buffer[self._done :] + received if self._done < len(self.buffer) else received
        self._done = place = 0
        most = len(data)
        while most - place >= 2:
            opcode, length = data[place], data[place + 1]
            if not opcode & _FINAL_BIT or opcode & _RESERVED_BITS or length & _MASK_BIT:
                raise Broken("a frame that is split, masked or compressed")
            start = place + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                if most < start + wide:
                    break
                length = int.from_bytes(data[start : start + wide], "big")
                start += wide
                if length > _LARGEST_BYTES:
                    raise Broken(f"a frame of {length} bytes")
            if start + length > most:
                break
            place = self._done = start + length
            yield opcode & 0x0F, start, place

    def payload(self, start: int, end: int) -> bytes:
        """The payload at a place that `feed` told."""
        return self.buffer[start:end]


def close_code(payload: bytes) -> int:
    """The code of a close frame; 1005 where it has none."""
    return int(struct.unpack_from("!H", payload)[0]) if len(payload) >= 2 else 1005
