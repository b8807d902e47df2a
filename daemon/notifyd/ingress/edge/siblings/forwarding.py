"""One request of a polling session that another worker answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.ingress.edge.http.app import LongPoll
from notifyd.ingress.edge.siblings.asking import ask

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.wire.http.answer import Answer


class Forwarding(LongPoll):
    """The answer of a sibling. When the peer leaves before it comes, so does the connection to the sibling."""

    __slots__ = ("_answer", "_otherwise", "_request", "_scope")

    def __init__(self, request: Request, otherwise: Answer) -> None:
        super().__init__()
        self._request = request
        self._otherwise = otherwise
        self._answer: Answer | None = None
        self._scope = trio.CancelScope()

    def take(self) -> Answer | None:
        """See `LongPoll`."""
        return self._answer

    def left(self) -> None:
        """See `LongPoll`."""
        self._scope.cancel()

    async def run(self, owner: str, seconds: float) -> None:
        """Ask the sibling at the socket *owner*."""
        answer: Answer | None = None
        with self._scope, trio.move_on_after(seconds):
            try:
                answer = await ask(self._request, owner)
            except (OSError, ValueError, trio.BrokenResourceError):
                answer = None  # its worker is gone, and the session with it
        self._answer = answer or self._otherwise
        self.wake()
