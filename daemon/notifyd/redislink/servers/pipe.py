"""One connection to one server: many commands in one round trip. For one thread, and blocking."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from notifyd.redislink.errors import unavailable
from notifyd.redislink.resp import INCOMPLETE, ProtocolViolation, Word, make_reader, pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.scripts import Script
    from notifyd.redislink.servers.dial import Dialed

_READ_BYTES: Final = 65536
#: How long what has begun may go on past its deadline.
_GRACE_SECONDS: Final = 0.5
#: How long what has come already is waited for.
_LEAST_SECONDS: Final = 0.001


class Pipe:
    """Sends commands and reads as many answers, each under a deadline. After any failure it is closed."""

    def __init__(self, dialed: Dialed) -> None:
        self.endpoint = dialed.endpoint
        self._dialed = dialed
        self._socket = dialed.socket
        self._reader = make_reader()
        self._buffer = bytearray(_READ_BYTES)
        self._loaded: set[str] = set()
        self._closed = False
        self._hangup = select.poll()
        self._hangup.register(self._socket, select.POLLRDHUP)

    def ask(self, *words: Word, seconds: float) -> Any:
        """The answer to one command; an `ErrorReply` is returned, not raised.

        Raises:
            StoreUnavailable: it did not come within *seconds*.
        """
        deadline = time.monotonic() + seconds
        self.send(pack(words), deadline)
        return self.receive(1, deadline)[0]

    def send(self, packed: bytes, deadline: float) -> None:
        """Send commands, whose answers have to be received next.

        Raises:
            StoreUnavailable: the connection broke, or they were not taken by the deadline.
        """
        try:
            self._socket.settimeout(_until(deadline))
            self._socket.sendall(packed)
        except OSError as exc:
            self._break(exc)

    def receive(self, count: int, deadline: float) -> list[Any]:
        """The next *count* answers; an `ErrorReply` may be among them.

        Raises:
            StoreUnavailable: the connection broke, or they were not there at the deadline.
        """
        answers: list[Any] = []
        gets = self._reader.gets
        rest = _Rest(deadline)
        try:
            while len(answers) < count:
                answer = gets()
                if answer is INCOMPLETE:
                    self._feed(rest.seconds())
                else:
                    answers.append(answer)
        except (OSError, ProtocolViolation) as exc:
            self._break(exc)
        return answers

    def unknown(self, scripts: Sequence[Script]) -> list[Script]:
        """Those of the scripts that have not been loaded on this connection yet; from now on they count as loaded."""
        fresh = [script for script in dict.fromkeys(scripts) if script.sha not in self._loaded]
        self._loaded.update([script.sha for script in fresh])
        return fresh

    def forget(self) -> None:
        """The server has lost its scripts."""
        self._loaded.clear()

    def is_stale(self) -> bool:
        """Whether it is closed, here or by the server, while nothing is asked."""
        # a closed one is not looked at: its number may be another's by now
        return self._closed or bool(self._hangup.poll(0))

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._dialed.close()

    def _feed(self, seconds: float) -> None:
        self._socket.settimeout(seconds)
        count = self._socket.recv_into(self._buffer)
        if count == 0:
            raise ConnectionResetError("the server closed it")
        self._reader.feed(self._buffer, 0, count)

    def _break(self, exc: Exception) -> NoReturn:
        self.close()
        if isinstance(exc, TimeoutError):
            raise unavailable(f"Redis at {self.endpoint} did not answer in time") from exc
        raise unavailable(f"the connection to Redis at {self.endpoint} broke: {exc}") from exc


class _Rest:
    """What is left until a deadline, for one wait after the other.

    What has come by then is taken all the same: another connection may have been waited for meanwhile, or this process
    has stood still. An answer that drips in has a moment more, from when it is found late.
    """

    __slots__ = ("_deadline", "_ends")

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._ends = 0.0

    def seconds(self) -> float:
        """How long the next wait may take.

        Raises:
            TimeoutError: it is over.
        """
        now = time.monotonic()
        if now >= self._deadline:
            self._ends = self._ends or now + _GRACE_SECONDS
            if now > self._ends:
                raise TimeoutError
        return max(self._deadline - now, _LEAST_SECONDS)


def _until(deadline: float) -> float:
    rest = deadline - time.monotonic()
    if rest < -_GRACE_SECONDS:
        raise TimeoutError
    return max(rest, _LEAST_SECONDS)
