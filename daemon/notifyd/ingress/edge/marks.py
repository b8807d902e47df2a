"""Marks on the pings of a WebSocket, so that a pong proves what was written before its ping."""

from __future__ import annotations


class Marks:
    """The marks that were asked about and not answered yet, oldest first.

    A peer may leave pings unanswered that came before the one it answers (RFC 6455, section 5.5.3), so that a pong
    proves all marks up to its own, and a ping without a mark repeats the newest.
    """

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: list[int] = []

    def ask(self, mark: int) -> bytes:
        """The payload of a ping; *mark* is 0 for a mere sign of life."""
        if mark and mark not in self._asked:
            self._asked.append(mark)
        return b"%d" % self._asked[-1] if self._asked else b""

    def answered(self, payload: bytes) -> list[int]:
        """The marks that the pong with *payload* proves, oldest first."""
        if not self._asked or not payload.isdigit() or len(payload) > 20:
            return []
        mark = int(payload)
        if mark not in self._asked:
            return []
        end = self._asked.index(mark) + 1
        proven, self._asked = self._asked[:end], self._asked[end:]
        return proven
