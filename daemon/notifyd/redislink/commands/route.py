"""Where the commands of a flight go. For one thread, and blocking."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from notifyd.redislink.errors import ErrorReply, unavailable
from notifyd.redislink.resp import pack
from notifyd.redislink.servers.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.scripts import Script
    from notifyd.redislink.servers.finder import Finder


class Command(Protocol):
    """What a route has to know of a command."""

    @property
    def packed(self) -> bytes:
        """As it is sent."""
        ...

    @property
    def script(self) -> Script | None:
        """What it calls."""
        ...

    @property
    def key(self) -> str | bytes | None:
        """What tells its place in a cluster."""
        ...


class Route(Protocol):
    """The way to Redis of one line."""

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, in order. An error reply is one of them; so is a StoreUnavailable, where a part is away.

        Raises:
            StoreUnavailable: Redis is away; which of the commands were done is not known.
        """
        ...

    @property
    def impaired(self) -> bool:
        """Whether a part of it could not be reached when it was last tried."""
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
    """To the one server that takes writes."""

    def __init__(self, finder: Finder, *, timeout_seconds: float) -> None:
        self._finder = finder
        self._timeout_seconds = timeout_seconds
        self._pipe: Pipe | None = None

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """See `Route`."""
        pipe = self._open()
        try:
            answers = exchange(pipe, commands, time.monotonic() + self._timeout_seconds)
        except BaseException:
            self._pipe = None
            raise
        if any(isinstance(answer, ErrorReply) and answer.moves_on for answer in answers):
            self.close()
        return answers

    @property
    def impaired(self) -> bool:
        """See `Route`: there are no parts."""
        return False

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
            raise unavailable(f"Redis at {pipe.endpoint} is not ready: {answer}")

    def close(self) -> None:
        """See `Route`."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()

    def _open(self) -> Pipe:
        if self._pipe is not None and self._pipe.is_stale():
            self.close()
        if self._pipe is None:
            self._pipe = Pipe(self._finder.dial())
        return self._pipe


def exchange(pipe: Pipe, commands: Sequence[Command], deadline: float, *, prelude: bytes = b"") -> list[Any]:
    """The answers to *commands*. Scripts that the connection does not know are loaded on the way.

    *prelude* is a command that goes right before them.

    Raises:
        StoreUnavailable: see `Pipe`.
    """
    return receive(pipe, commands, send(pipe, commands, deadline, prelude=prelude), deadline)


def send(pipe: Pipe, commands: Sequence[Command], deadline: float, *, prelude: bytes = b"") -> int:
    """Send *commands* and, before them, what they need; the count of the latter. Raises as `Pipe.send` does."""
    scripts = [command.script for command in commands if command.script is not None]
    before = [_load(script) for script in pipe.unknown(scripts)] if scripts else []
    if prelude:
        before.append(prelude)
    pipe.send(b"".join([*before, *[command.packed for command in commands]]), deadline)
    return len(before)


def receive(pipe: Pipe, commands: Sequence[Command], before: int, deadline: float) -> list[Any]:
    """The answers to what was sent, of which *before* came before the commands.

    A server that lost its scripts meanwhile (SCRIPT FLUSH) is given them again; then alone does a call of a script come
    after commands that were handed in later. Raises as `Pipe.receive` does.
    """
    answers = pipe.receive(before + len(commands), deadline)
    del answers[:before]
    lost = [number for number, answer in enumerate(answers) if isinstance(answer, ErrorReply) and answer.lacks_script]
    if lost:
        pipe.forget()
        again = [commands[number] for number in lost]
        count = send(pipe, again, deadline)
        for number, answer in zip(lost, pipe.receive(count + len(again), deadline)[count:], strict=True):
            answers[number] = answer
    return answers


def _load(script: Script) -> bytes:
    return pack(("SCRIPT", "LOAD", script.source))
