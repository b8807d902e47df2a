"""Where the commands of a flight go. For one thread, and blocking."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from notifyd.redislink.dial import Dialer
from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.pipe import Pipe
from notifyd.redislink.resp import pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.options import RedisOptions
    from notifyd.redislink.scripts import Script
    from notifyd.redislink.url import Address, Endpoint


class Command(Protocol):
    """What a route has to know of a command."""

    packed: bytes
    script: Script | None
    key: str | bytes | None


class Route(Protocol):
    """The way to Redis of one line."""

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, in order; an error reply is one of them.

        Raises:
            StoreUnavailable: Redis is away; which of the commands were done is not known.
        """
        ...

    def probe(self) -> None:
        """See whether Redis is there.

        Raises:
            StoreUnavailable: it is not.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class SingleRoute:
    """To one server."""

    def __init__(self, options: RedisOptions, address: Address) -> None:
        self._timeout_seconds = options.timeout_seconds
        self._dialer = Dialer(options, address)
        self._endpoint: Endpoint = address.endpoints[0]
        self._pipe: Pipe | None = None

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """See `Route`."""
        pipe = self._open()
        try:
            answers = exchange_scripts(pipe, commands, time.monotonic() + self._timeout_seconds)
        except BaseException:
            self._pipe = None
            raise
        if any(isinstance(answer, ErrorReply) and answer.moves_on for answer in answers):
            self.close()
        return answers

    def probe(self) -> None:
        """See `Route`."""
        pipe = self._open()
        try:
            answer = pipe.ask("PING", seconds=self._timeout_seconds)
        except BaseException:
            self._pipe = None
            raise
        if isinstance(answer, ErrorReply):
            self.close()
            raise unavailable(f"Redis at {self._endpoint} is not ready: {answer}")

    def close(self) -> None:
        """See `Route`."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()

    def _open(self) -> Pipe:
        if self._pipe is None:
            self._pipe = Pipe(self._dialer, self._endpoint)
        return self._pipe


def exchange_scripts(pipe: Pipe, commands: Sequence[Command], deadline: float) -> list[Any]:
    """The answers to *commands*, with the scripts loaded that the connection does not know yet.

    A server that lost its scripts meanwhile (SCRIPT FLUSH) is given them again; only then does a call of a script come
    after commands that were handed in later.

    Raises:
        StoreUnavailable: see `Pipe.exchange`.
    """
    answers = _exchange(pipe, commands, deadline)
    lost = [number for number, answer in enumerate(answers) if commands[number].script and _without_script(answer)]
    if lost:
        pipe.forget()
        again = _exchange(pipe, [commands[number] for number in lost], deadline)
        for number, answer in zip(lost, again, strict=True):
            answers[number] = answer
    return answers


def _exchange(pipe: Pipe, commands: Sequence[Command], deadline: float) -> list[Any]:
    fresh = pipe.unknown([command.script for command in commands if command.script is not None])
    packed = [*map(_load, fresh), *[command.packed for command in commands]]
    return pipe.exchange(b"".join(packed), len(packed), deadline)[len(fresh) :]


def _without_script(answer: object) -> bool:
    return isinstance(answer, ErrorReply) and answer.code == "NOSCRIPT"


def _load(script: Script) -> bytes:
    return pack(("SCRIPT", "LOAD", script.source))
