"""Handing a connection over to another worker for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.ingress.edge.http.app import Handover
from notifyd.ingress.edge.siblings.asking import REACH_SECONDS, reach, request_bytes

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.wire.http.answer import Answer


class Passage:
    """`PendingUpgrade` of a WebSocket that is to relieve the polling of a sibling's session."""

    __slots__ = ("_otherwise", "_owner", "_request")

    def __init__(self, request: Request, owner: str, otherwise: Answer) -> None:
        self._request = request
        self._owner = owner
        self._otherwise = otherwise

    async def wait(self) -> Handover | Answer:
        """See `PendingUpgrade`."""
        try:
            with trio.fail_after(REACH_SECONDS):
                stream = await reach(self._owner)
                # a refusal ends the connection: what might come behind it could be for anybody
                await stream.send_all(request_bytes(self._request, b"Upgrade, close"))
        except (OSError, trio.BrokenResourceError, trio.TooSlowError):
            return self._otherwise
        return Handover(stream)
