"""Ports of the loopback that nobody else gets: of a daemon that is away for a moment, or of a server to be started."""

from __future__ import annotations

import atexit
import socket
from contextlib import ExitStack, suppress
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
            with suppress(OSError):
                self._bind(port)

    def pick(self) -> int:
        """Hold one that is free, and answer it."""
        return self._bind(0)

    def let_go(self) -> None:
        """Who they were held for has them again."""
        self._held.close()

    def _bind(self, port: int) -> int:
        place = self._held.enter_context(socket.socket())
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind(("127.0.0.1", port))
        except OSError:
            place.close()
            raise
        return int(place.getsockname()[1])


_own = HeldPorts()
atexit.register(_own.let_go)


def free_port() -> int:
    """A port that nobody listens on, held while this process lives, for a server that has to be told its port."""
    return _own.pick()
