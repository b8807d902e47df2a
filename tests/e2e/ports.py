"""The ports of a daemon that is away for a moment."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class HeldPorts:
    """Ports of the loopback that the system gives to nobody who wants a free one.

    They are bound and not listened on: who connects is refused, and who asks for that very port is given it.
    """

    def __init__(self) -> None:
        self._held = ExitStack()

    def hold(self, ports: Iterable[int]) -> None:
        """Keep them from now on; one that somebody else has by now is found out by who needs it."""
        for port in ports:
            place = self._held.enter_context(socket.socket())
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                place.bind(("127.0.0.1", port))
            except OSError:
                place.close()

    def let_go(self) -> None:
        """Who they were held for has them again."""
        self._held.close()
