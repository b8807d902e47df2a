"""One connection to one server: many commands in one round trip. For one thread, and blocking."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from notifyd.redislink.errors import unavailable
from notifyd.redislink.resp import INCOMPLETE, ProtocolViolation, make_reader, pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.dial import Dialer
    from notifyd.redislink.scripts import Script
    from notifyd.redislink.url import Endpoint


_READ_BYTES: Final = 65536


class Pipe:
    """Sends commands and reads as many answers, under one deadline. After any failure it is closed."""

    def __init__(self, dialer: Dialer, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._dialed = dialer.dial(endpoint)
        self._socket = self._dialed.socket
        self._reader = make_reader()
        self._buffer = bytearray(_READ_BYTES)
        self._loaded: set[str] = set()

    def ask(self, *words: str | bytes | int, seconds: float) -> Any:
        """The answer to one command; an `ErrorReply` is returned, not raised.

        Raises:
            StoreUnavailable: it did not come within *seconds*.
        """
        return self.exchange(pack(words), 1, time.monotonic() + seconds)[0]

    def exchange(self, packed: bytes, count: int, deadline: float) -> list[Any]:
        """Send commands and read *count* answers.

        Raises:
            StoreUnavailable: the connection broke, or the answers were not there at the deadline.
        """
        answers: list[Any] = []
        gets = self._reader.gets
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            self._socket.sendall(packed)
            while len(answers) < count:
                answer = gets()
                if answer is INCOMPLETE:
                    self._receive(deadline)
                else:
                    answers.append(answer)
        except TimeoutError as exc:
            self.close()
            raise unavailable(f"Redis at {self.endpoint} did not answer in time") from exc
        except (OSError, ProtocolViolation) as exc:
            self.close()
            raise unavailable(f"the connection to Redis at {self.endpoint} broke: {exc}") from exc
        return answers

    def unknown(self, scripts: Sequence[Script]) -> list[Script]:
        """Those of the scripts that this connection has not loaded yet; from now on it has."""
        fresh = [script for script in dict.fromkeys(scripts) if script.sha not in self._loaded]
        self._loaded.update(script.sha for script in fresh)
        return fresh

    def forget(self) -> None:
        """The server has lost its scripts."""
        self._loaded.clear()

    def close(self) -> None:
        """Close the connection."""
        self._dialed.close()

    def _receive(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._socket.settimeout(remaining)
        count = self._socket.recv_into(self._buffer)
        if count == 0:
            raise ConnectionResetError("the server closed it")
        self._reader.feed(self._buffer, 0, count)
