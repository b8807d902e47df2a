"""A worker's tie to its supervisor."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.app.workers import places
from notifyd.app.workers.messages import MAX_BYTES, MessageSocket, News, Order, Start
from notifyd.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.draining import Drainer
    from notifyd.app.reload import Reloader
    from notifyd.service.daemon import Drain, Listener, Reloaded

log = structlog.get_logger("notifyd.workers")

_STDIN: Final = 0
_START_SECONDS: Final = 10.0
_BEAT_SECONDS: Final = 2.0


class Membership:
    """Which worker this process is, what it hears from the supervisor, and what it has to tell there."""

    def __init__(self, start: Start, line: MessageSocket) -> None:
        self.start = start
        self._line = line
        #: Called once all workers serve, which is at once for one that takes the place of another.
        self.on_serving: Callable[[], None] = _nothing

    @property
    def index(self) -> int:
        """Which of them, from 0."""
        return self.start.index

    @property
    def supervisor(self) -> int:
        """The process that an operator knows as the daemon."""
        return self.start.supervisor

    @property
    def fresh_master_key(self) -> bool:
        """The supervisor has made the master key a moment ago."""
        return self.start.fresh_master_key

    @property
    def admin_socket(self) -> Path:
        """Where it answers operators."""
        return places.admin_socket(Path(self.start.socket), self.index)

    @property
    def edge_sockets(self) -> list[Path]:
        """Where each worker takes what came to another."""
        return places.edge_sockets(Path(self.start.socket), self.start.count)

    async def run(self, drainer: Drainer, reloader: Reloader) -> None:
        """Do as the supervisor says, and go when it is gone."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._beat)
            while (order := await self._line.hear(Order)) is not None:
                self._obey(order, drainer, reloader)
            log.warning("supervisor_gone", supervisor=self.supervisor)
            drainer.begin(None)
            nursery.cancel_scope.cancel()

    def _obey(self, order: Order, drainer: Drainer, reloader: Reloader) -> None:
        if order.do == "reload":
            self._line.tell(News("reloaded", problem=_problem_of(reloader)))
            return
        if order.do == "serving":
            self.on_serving()
            return
        drainer.begin(order.seconds)
        if order.do == "hurry":
            drainer.hurry()

    async def _beat(self) -> None:
        while True:
            self._line.tell(News("alive"))
            await trio.sleep(_BEAT_SECONDS)

    def ready(self, listeners: list[Listener]) -> None:
        """Tell that this worker serves, and where."""
        self._line.tell(News("ready", listeners=listeners))
        if self.start.late:
            self.on_serving()

    def drain(self, drainer: Drainer, seconds: float | None) -> Drain:
        """An operator wants the daemon to go: all of it."""
        self._line.tell(News("drain", seconds))
        return drainer.begin(seconds)

    def reload(self, reloader: Reloader) -> Reloaded:
        """An operator wants the configuration to be read again: by all, if this one can take it.

        Raises:
            Invalid: it has problems; nothing was changed.
        """
        result = reloader.reload()
        self._line.tell(News("reload"))
        return result


def _nothing() -> None:
    """Nobody has asked to be told."""


def _problem_of(reloader: Reloader) -> str:
    try:
        reloader.reload()
    except Invalid as exc:
        log.error("config_reload_failed", problem=exc.message)  # noqa: TRY400 - the sentence says it all
        return exc.message
    return ""


def join() -> Membership:
    """Take up what the supervisor has left on standard input, which is nothing for anybody else from then on.

    Raises:
        OSError, ValueError: there is nothing of that kind: this process was not started by a supervisor.
    """
    line = socket.socket(fileno=os.dup(_STDIN))
    try:
        line.settimeout(_START_SECONDS)
        start = msgspec.json.decode(line.recv(MAX_BYTES), type=Start)
    except BaseException:
        line.close()
        raise
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN, inheritable=False)
    os.close(nothing)
    return Membership(start, MessageSocket(line))
