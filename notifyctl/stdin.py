"""Reading stdin: whole and bounded, or line by line without ever blocking for longer than asked.

Both read the descriptor and not `sys.stdin`: a thread that waits in the buffered reader would hold its lock, and the
interpreter would abort when it ends meanwhile.
"""

from __future__ import annotations

import os
import select
from typing import Final

from notifyctl.exits import Refusal, Status

#: More than any daemon takes in one notification; what is bigger is refused before it fills the memory.
MOST_BYTES: Final = 64 * 1024 * 1024
STDIN: Final = 0
_CHUNK_BYTES: Final = 64 * 1024


def is_terminal() -> bool:
    """Whether a person types at stdin; no stdin at all counts as one that says nothing."""
    try:
        return os.isatty(STDIN)
    except OSError:
        return True


def read_text() -> str:
    """Everything that comes, as UTF-8.

    Raises:
        Refusal: it is too big, or not UTF-8.
    """
    chunks: list[bytes] = []
    size = 0
    while chunk := os.read(STDIN, _CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise Refusal(f"stdin holds more than {MOST_BYTES} bytes.", Status.USAGE, code="too_large")
    return decoded(b"".join(chunks))


def decoded(raw: bytes, name: str = "stdin") -> str:
    """*raw*, which came from *name*, as text.

    Raises:
        Refusal: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Refusal(f"{name} is not UTF-8 (byte {exc.start}).", Status.USAGE, code="usage") from exc


class Lines:
    """The lines of a descriptor, without their line breaks; empty ones are left out."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._searched = 0
        self.ended = False

    def next(self, timeout_seconds: float) -> bytes | None:
        """The next line, or None when none came in time or, as `ended` then says, none will come.

        Raises:
            Refusal: a line is too long.
        """
        while True:
            line = self._take()
            if line is None and not self.ended and self._wait(timeout_seconds):
                self._read()
                continue
            if line is None or line.strip():
                return line

    def _take(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if not (self.ended and self._buffer):
                return None
            end = len(self._buffer)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return line.removesuffix(b"\r")

    def _wait(self, timeout_seconds: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], timeout_seconds)
        return bool(ready)

    def _read(self) -> None:
        chunk = os.read(self._descriptor, _CHUNK_BYTES)
        self.ended = not chunk
        self._buffer += chunk
        if len(self._buffer) > MOST_BYTES:
            raise Refusal(f"A line of stdin is longer than {MOST_BYTES} bytes.", Status.USAGE, code="too_large")
